import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Blob, BuiltImage } from './image-builder.ts';

const executable = '/usr/bin/docker-registry';

/** True when Debian's `docker-registry` is installed. */
export const haveRegistry = existsSync(executable);

/** A running registry of the distribution project, on loopback over plain HTTP. */
export interface TestRegistry extends AsyncDisposable {
	/** `127.0.0.1:PORT`. */
	readonly host: string;
	/** Puts an image under `repository:tag`, and gives the name to pull it by. */
	push(image: BuiltImage, repository: string, tag: string): Promise<string>;
	/** Puts a manifest or an index whose parts are already there. */
	pushManifest(manifest: Blob, repository: string, reference: string): Promise<void>;
	/** Stops it and deletes its data. */
	stop(): Promise<void>;
}

/** Starts `docker-registry` in a temp directory. With `auth`, it wants these credentials (Basic). */
export async function startRegistry(
	options: { readonly auth?: { readonly username: string; readonly password: string } } = {},
): Promise<TestRegistry> {
	const directory = mkdtempSync(join(tmpdir(), 'gantry-registry-'));
	const host = `127.0.0.1:${await freePort()}`;
	const config = join(directory, 'config.yml');
	const { auth } = options;
	if (auth !== undefined) {
		const hash = Bun.password.hashSync(auth.password, { algorithm: 'bcrypt', cost: 4 });
		writeFileSync(join(directory, 'htpasswd'), `${auth.username}:${hash}\n`);
	}
	writeFileSync(
		config,
		[
			'version: 0.1',
			'log: { level: info }',
			`storage: { filesystem: { rootdirectory: ${directory}/data } }`,
			`http: { addr: '${host}' }`,
			...(auth === undefined ? [] : [`auth: { htpasswd: { realm: test, path: ${directory}/htpasswd } }`]),
		].join('\n'),
	);
	const child = spawn(executable, ['serve', config], { stdio: ['ignore', 'ignore', 'pipe'] });
	try {
		await listening(child);
	} catch (error) {
		child.kill('SIGKILL');
		rmSync(directory, { recursive: true, force: true });
		throw error;
	}
	const headers: Record<string, string> =
		auth === undefined ? {} : { authorization: `Basic ${btoa(`${auth.username}:${auth.password}`)}` };
	const stop = async () => {
		if (child.exitCode === null && child.signalCode === null) {
			const exited = new Promise((resolve) => child.once('exit', resolve));
			child.kill('SIGKILL');
			await exited;
		}
		rmSync(directory, { recursive: true, force: true });
	};
	const pushManifest = async (manifest: Blob, repository: string, reference: string) => {
		const response = await fetch(`http://${host}/v2/${repository}/manifests/${reference}`, {
			method: 'PUT',
			headers: { ...headers, 'content-type': manifest.descriptor.mediaType },
			body: manifest.bytes as Uint8Array<ArrayBuffer>,
		});
		if (response.status !== 201) throw new Error(`push manifest: ${response.status} ${await response.text()}`);
	};
	return {
		host,
		stop,
		pushManifest,
		async push(image, repository, tag) {
			for (const blob of [image.config, ...image.layers]) await pushBlob(host, repository, blob, headers);
			await pushManifest(image.manifest, repository, tag);
			return `${host}/${repository}:${tag}`;
		},
		[Symbol.asyncDispose]: stop,
	};
}

async function pushBlob(host: string, repository: string, blob: Blob, headers: Record<string, string>): Promise<void> {
	const start = await fetch(`http://${host}/v2/${repository}/blobs/uploads/`, { method: 'POST', headers });
	const location = start.headers.get('location');
	if (start.status !== 202 || location === null) throw new Error(`start upload: ${start.status} ${await start.text()}`);
	const target = new URL(location, `http://${host}`);
	target.searchParams.set('digest', blob.descriptor.digest);
	const response = await fetch(target, {
		method: 'PUT',
		headers: { ...headers, 'content-type': 'application/octet-stream' },
		body: blob.bytes as Uint8Array<ArrayBuffer>,
	});
	if (response.status !== 201) throw new Error(`upload ${blob.descriptor.digest}: ${response.status}`);
}

/** Resolves when the registry says that it listens; rejects when it ends first. */
function listening(child: ChildProcess): Promise<void> {
	const { stderr } = child;
	if (stderr === null) throw new Error('no stderr');
	return new Promise((resolve, reject) => {
		const lines: string[] = [];
		const deadline = setTimeout(() => reject(new Error(`registry did not start:\n${lines.join('\n')}`)), 10_000);
		createInterface({ input: stderr }).on('line', (line) => {
			if (lines.length < 50) lines.push(line);
			if (!line.includes('listening on')) return;
			clearTimeout(deadline);
			resolve();
		});
		child.once('error', reject);
		child.once('exit', () => reject(new Error(`registry ended:\n${lines.join('\n')}`)));
	});
}

function freePort(): Promise<number> {
	return new Promise((resolve, reject) => {
		const server = createServer();
		server.once('error', reject);
		server.listen(0, '127.0.0.1', () => {
			const address = server.address();
			const port = typeof address === 'object' && address !== null ? address.port : 0;
			server.close(() => resolve(port));
		});
	});
}
