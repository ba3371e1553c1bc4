import { demultiplex } from '../../api/stdcopy.ts';
import type { ByteDuplex } from '../../lib/byte-duplex.ts';
import type { Output } from '../output.ts';
import { parseDetachKeys, watchDetachKeys } from './detach-keys.ts';

/** What joins our standard streams and a hijacked connection. */
export interface PumpOptions {
	readonly stream: ByteDuplex;
	/** True: the bytes are a terminal's; false: frames of stdout and stderr. */
	readonly tty: boolean;
	/** Send our stdin. */
	readonly stdin: boolean;
	/** Where output goes; null: nowhere. */
	readonly stdout: Output | null;
	readonly stderr: Output | null;
	/** Keys that end the session, on a terminal; '' for the usual ones. */
	readonly detachKeys: string;
}

const usualDetachKeys = 'ctrl-p,ctrl-q';

/**
 * Moves bytes both ways until the container's output ends, or the detach keys were typed (then the connection is dropped).
 * The end of stdin closes our half of the connection.
 */
export async function pump(options: PumpOptions): Promise<'ended' | 'detached'> {
	const output = copyOutput(options);
	if (!options.stdin) {
		await output;
		return 'ended';
	}
	const detached = Promise.withResolvers<'detached'>();
	const input = copyInput(options, () => detached.resolve('detached'));
	// Stdin that breaks says nothing about the output, which goes on; a broken connection shows there, too.
	input.catch(() => options.stream.end());
	const outcome = await Promise.race([output.then(() => 'ended' as const), detached.promise]);
	if (outcome === 'detached') {
		options.stream.destroy();
		// The output breaks off because we hung up.
		output.catch(() => undefined);
	}
	return outcome;
}

async function copyOutput({ stream, tty, stdout, stderr }: PumpOptions): Promise<void> {
	if (tty) {
		for await (const chunk of stream.readable) {
			stdout?.write(chunk);
			await stdout?.flush();
		}
		return;
	}
	for await (const { stream: number, bytes } of demultiplex(stream.readable)) {
		if (number === 3) throw new Error(`error from daemon in stream: ${new TextDecoder().decode(bytes)}`);
		const target = number === 2 ? stderr : stdout;
		target?.write(bytes);
		await target?.flush();
	}
}

async function copyInput({ stream, tty, detachKeys }: PumpOptions, onDetach: () => void): Promise<void> {
	const watch = tty ? watchDetachKeys(parseDetachKeys(detachKeys === '' ? usualDetachKeys : detachKeys)) : null;
	for await (const chunk of Bun.file(0).stream()) {
		if (watch === null) {
			await stream.write(chunk);
			continue;
		}
		const { bytes, detached } = watch.push(chunk);
		if (bytes.length > 0) await stream.write(bytes);
		if (detached) {
			onDetach();
			return;
		}
	}
	stream.end();
}
