import { EngineError } from '../../../errors.ts';
import type { Measured } from './protocol.ts';

/** Measures folders in a process of its own, which lives while there is something to measure. */
export interface Measurer {
	/** Bytes below a folder. Who asks for a folder that is being measured shares the answer. @throws what the walk met. */
	measure(folder: string): Promise<number>;
	/** Ends the process; what is being measured fails with `cancelled`. */
	close(): void;
}

interface Walk {
	readonly child: Bun.Subprocess<'pipe', 'pipe', 'ignore'>;
	readonly waiting: Map<string, PromiseWithResolvers<number>>;
}

/** `command`: how to start this executable in the role `measure`. */
export function createMeasurer(command: readonly string[]): Measurer {
	let walk: Walk | undefined;

	const end = ({ child, waiting }: Walk, error: EngineError): void => {
		for (const { reject } of waiting.values()) reject(error);
		waiting.clear();
		child.kill('SIGKILL');
	};

	const settle = (from: Walk, answer: Measured): void => {
		const entry = from.waiting.get(answer.folder);
		from.waiting.delete(answer.folder);
		if (answer.kind === 'size') entry?.resolve(answer.bytes);
		else entry?.reject(new EngineError(answer.code, answer.message));
		if (from.waiting.size > 0) return;
		// Nothing more to do: it ends with its input, and the next question starts another.
		if (walk === from) walk = undefined;
		Promise.resolve(from.child.stdin.end()).catch(() => undefined);
	};

	const listen = async (from: Walk): Promise<void> => {
		const decoder = new TextDecoder();
		let rest = '';
		for await (const chunk of from.child.stdout) {
			const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
			rest = lines.pop() ?? '';
			for (const line of lines) settle(from, JSON.parse(line) as Measured);
		}
		const code = await from.child.exited;
		if (walk === from) walk = undefined;
		if (from.waiting.size > 0) throw new EngineError('internal', `the measuring process ended with ${code}`);
	};

	const begin = (): Walk => {
		const child = Bun.spawn([...command], { stdin: 'pipe', stdout: 'pipe', stderr: 'ignore' });
		const begun: Walk = { child, waiting: new Map() };
		listen(begun).catch((error) => {
			if (walk === begun) walk = undefined;
			end(begun, error instanceof EngineError ? error : new EngineError('internal', String(error), { cause: error }));
		});
		return begun;
	};

	return {
		measure(folder) {
			walk ??= begin();
			const shared = walk.waiting.get(folder);
			if (shared !== undefined) return shared.promise;
			const entry = Promise.withResolvers<number>();
			walk.waiting.set(folder, entry);
			const { stdin } = walk.child;
			stdin.write(`${JSON.stringify(folder)}\n`);
			// One that has ended does not read; its end fails all that wait for it.
			Promise.resolve(stdin.flush()).catch(() => undefined);
			return entry.promise;
		},
		close() {
			if (walk !== undefined) end(walk, new EngineError('cancelled', 'the daemon is stopping'));
			walk = undefined;
		},
	};
}
