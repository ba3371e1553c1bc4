import { join } from 'node:path';
import type { TestEngine } from './daemon.ts';

/** A registry that knows nothing but logins: it sends clients to its token server, which issues tokens for one account. */
export interface TokenRegistry extends AsyncDisposable {
	readonly host: string;
	/** Requests so far: `METHOD path query`. */
	readonly requests: string[];
}

/** Starts it on the loopback of the daemon's namespace. The account is `me` with the password `secret`, or the refresh token `standing`. */
export async function startTokenRegistry(engine: Pick<TestEngine, 'command'>, port: number): Promise<TokenRegistry> {
	const host = `127.0.0.1:${port}`;
	const script = join(import.meta.dir, 'token-registry-server.ts');
	const { argv } = engine.command(process.execPath, script, String(port));
	const child = Bun.spawn([...argv], { stdin: 'ignore', stdout: 'pipe', stderr: 'inherit' });
	const requests: string[] = [];
	const { promise, resolve } = Promise.withResolvers<void>();
	const reading = (async () => {
		let rest = '';
		for await (const chunk of child.stdout) {
			const lines = (rest + Buffer.from(chunk).toString()).split('\n');
			rest = lines.pop() ?? '';
			for (const line of lines) {
				if (line === 'ready') resolve();
				else requests.push(line);
			}
		}
	})();
	await Promise.race([promise, child.exited.then((code) => Promise.reject(new Error(`it ended: ${code}`)))]);
	return {
		host,
		requests,
		async [Symbol.asyncDispose]() {
			child.kill();
			await reading;
		},
	};
}
