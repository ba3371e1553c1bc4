import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestEngine } from './daemon.ts';
import type { Blob, BuiltImage } from './image-builder.ts';
import { run } from './run.ts';

/** Where a registry runs: a namespace to run commands in, and a directory. */
export type RegistryPlace = Pick<TestEngine, 'work' | 'command'>;

/** A registry on the loopback of a daemon's network namespace. */
export interface InsideRegistry extends AsyncDisposable {
	/** `127.0.0.1:PORT` as the daemon sees it. */
	readonly host: string;
	/** Directory of its files, as the distribution project's registry lays them out. */
	readonly directory: string;
	push(image: BuiltImage, repository: string, tag: string): Promise<string>;
	stop(): Promise<void>;
}

let nextPort = 5000;

/** Starts Debian's docker-registry there. @throws when it does not listen within 10 s. */
export async function startRegistryInside(
	engine: RegistryPlace,
	options: {
		/** Files of an earlier one. */
		readonly directory?: string;
		/** What it wants of everybody (Basic); nobody can push then. */
		readonly auth?: { readonly username: string; readonly password: string };
	} = {},
): Promise<InsideRegistry> {
	const host = `127.0.0.1:${nextPort++}`;
	const directory = options.directory ?? join(engine.work, `registry-${nextPort}`);
	const config = `${directory}-${nextPort}.yml`;
	const lines = [
		'version: 0.1',
		'log: { level: info }',
		`storage: { filesystem: { rootdirectory: ${directory} } }`,
		`http: { addr: '${host}' }`,
	];
	if (options.auth !== undefined) {
		const { username, password } = options.auth;
		writeFileSync(
			`${config}.htpasswd`,
			`${username}:${Bun.password.hashSync(password, { algorithm: 'bcrypt', cost: 4 })}\n`,
		);
		lines.push(`auth: { htpasswd: { realm: test, path: ${config}.htpasswd } }`);
	}
	writeFileSync(config, `${lines.join('\n')}\n`);
	const { argv, env } = engine.command('docker-registry', 'serve', config);
	const child = Bun.spawn([...argv], { env: env ?? {}, stdin: 'ignore', stdout: 'ignore', stderr: 'pipe' });
	await listening(child);
	const stop = async () => {
		child.kill('SIGKILL');
		await child.exited;
	};
	return {
		host,
		directory,
		stop,
		async push(image, repository, tag) {
			const base = `http://${host}/v2/${repository}`;
			for (const blob of [image.config, ...image.layers]) await pushBlob(engine, base, blob);
			await put(engine, `${base}/manifests/${tag}`, image.manifest.descriptor.mediaType, image.manifest.bytes);
			return `${host}/${repository}:${tag}`;
		},
		[Symbol.asyncDispose]: stop,
	};
}

async function listening(child: {
	readonly stderr: ReadableStream<Uint8Array>;
	kill(signal: 'SIGKILL'): void;
}): Promise<void> {
	let text = '';
	const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
	const reader = child.stderr.getReader();
	while (!text.includes('listening on')) {
		const { value, done } = await reader.read();
		if (done) throw new Error(`the registry did not start:\n${text}`);
		text += Buffer.from(value).toString();
	}
	clearTimeout(timer);
	// Its further words are read and dropped, or it would wait for a reader.
	void (async () => {
		while (!(await reader.read()).done);
	})();
}

async function curl(engine: RegistryPlace, body: Uint8Array | null, ...args: string[]): Promise<string> {
	const flags = ['-sS', '--fail-with-body', '--noproxy', '*', '--max-time', '60'];
	const data = body === null ? [] : ['--data-binary', '@-'];
	const command = engine.command('curl', ...flags, ...data, ...args);
	const result = await run(command, { timeout: 60_000, ...(body === null ? {} : { stdin: body }) });
	if (result.code !== 0) throw new Error(`curl ${args.join(' ')}: ${result.stdout}${result.stderr}`);
	return result.stdout;
}

async function put(engine: RegistryPlace, url: string, type: string, body: Uint8Array): Promise<void> {
	await curl(engine, body, '-X', 'PUT', '-H', `Content-Type: ${type}`, url);
}

async function pushBlob(engine: RegistryPlace, base: string, blob: Blob): Promise<void> {
	const headers = await curl(engine, null, '-X', 'POST', '-D', '-', '-o', '/dev/null', `${base}/blobs/uploads/`);
	const location = /^location: (.*?)\r?$/im.exec(headers)?.[1] ?? '';
	const target = new URL(location, base);
	target.searchParams.set('digest', blob.descriptor.digest);
	await put(engine, target.href, 'application/octet-stream', blob.bytes);
}
