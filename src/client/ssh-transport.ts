import type { FileSink, Subprocess } from 'bun';
import { EngineError } from '../errors.ts';
import { gone, type Transport, type TransportEvents } from './connection.ts';
import type { SshEndpoint } from './endpoint.ts';

/** Seconds for ssh to reach the other machine and to agree on keys. */
const connectSeconds = 30;
/** Milliseconds for ssh to end once it reads no more. */
const endPatience = 5000;
/** What is kept of ssh's own messages, for an error. */
const maxMessages = 8 * 1024;

/** The command line for a login that carries the bytes of the daemon's socket. */
export function sshCommand({ user, hostname, port, socketPath }: SshEndpoint): string[] {
	return [
		'ssh',
		'-o',
		`ConnectTimeout=${connectSeconds}`,
		'-T',
		...(user === '' ? [] : ['-l', user]),
		...(port === '' ? [] : ['-p', port]),
		'--',
		hostname,
		remoteCommand(socketPath),
	];
}

/** `gantry` where it is installed, else Docker's own client: both join a daemon's socket to standard streams. */
function remoteCommand(socketPath: string): string {
	const host = socketPath === '' ? '' : ` --host ${quoted(`unix://${socketPath}`)}`;
	const join = (program: string) => `exec ${program}${host} system dial-stdio`;
	const script = `if command -v gantry >/dev/null 2>&1; then ${join('gantry')}; else ${join('docker')}; fi`;
	// The login shell need not be a POSIX one.
	return `sh -c ${quoted(script)}`;
}

function quoted(text: string): string {
	return `'${text.replaceAll("'", `'\\''`)}'`;
}

type Ssh = Subprocess<'pipe', 'pipe', 'pipe'>;

/** Logs in with ssh and joins its standard streams. @throws EngineError `unavailable` when there is no ssh */
export async function openSsh(endpoint: SshEndpoint, events: TransportEvents): Promise<Transport> {
	const argv = sshCommand(endpoint);
	const ssh = Bun.which('ssh');
	if (ssh === null) {
		throw new EngineError('unavailable', `${endpoint.text}: the program ssh is not installed`);
	}
	const child: Ssh = Bun.spawn([ssh, ...argv.slice(1)], { stdin: 'pipe', stdout: 'pipe', stderr: 'pipe' });
	return new SshTransport(child, argv, events);
}

class SshTransport implements Transport {
	private gate: PromiseWithResolvers<void> | null = null;
	private destroyed = false;
	private messages = '';
	private failure: Error | null = null;
	private readonly over: Promise<void>;

	constructor(
		private readonly child: Ssh,
		private readonly argv: readonly string[],
		private readonly events: TransportEvents,
	) {
		this.over = this.carry();
	}

	async write(chunk: Uint8Array): Promise<void> {
		const stdin: FileSink = this.child.stdin;
		try {
			await stdin.write(chunk);
			await stdin.flush();
		} catch (error) {
			// A login that fails shows here first; the reason comes with the end of ssh.
			await Promise.race([this.over, Bun.sleep(endPatience)]);
			throw this.failure ?? Object.assign(gone(), { cause: error });
		}
	}

	end(): void {
		// What cannot be closed is closed already.
		Promise.resolve(this.child.stdin.end()).catch(() => undefined);
	}

	destroy(): void {
		this.destroyed = true;
		this.gate?.resolve();
		this.end();
		this.child.kill('SIGTERM');
	}

	pause(): void {
		this.gate ??= Promise.withResolvers<void>();
	}

	resume(): void {
		this.gate?.resolve();
		this.gate = null;
	}

	/** Hands on what comes until ssh ends; an end that ssh does not explain with 0 is an error. */
	private async carry(): Promise<void> {
		const collected = this.collectMessages();
		try {
			for await (const chunk of this.child.stdout) {
				this.events.data(chunk);
				if (this.gate !== null) await this.gate.promise;
			}
		} catch (error) {
			this.failure = error instanceof Error ? error : new Error(String(error));
		}
		const code = await this.child.exited;
		await collected;
		if (code !== 0 && !this.destroyed) this.failure ??= this.ended(code);
		this.events.ended(this.failure);
		this.events.closed();
	}

	private async collectMessages(): Promise<void> {
		const decoder = new TextDecoder();
		for await (const chunk of this.child.stderr) {
			this.messages = (this.messages + decoder.decode(chunk, { stream: true })).slice(-maxMessages);
		}
	}

	private ended(code: number): EngineError {
		return new EngineError(
			'unavailable',
			`command [${this.argv.join(' ')}] has exited with exit status ${code}, make sure the URL is valid, and gantry or docker is installed on the remote host: stderr=${this.messages}`,
		);
	}
}
