import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Blob, BuiltImage } from './image-builder.ts';
import type { RegistryPlace } from './inside-registry.ts';

/** A registry whose layers come in as far as the test lets them. */
export interface StallingRegistry extends AsyncDisposable {
	/** The name of the image. */
	readonly name: string;
	/** Resolves when the first half of the layer at that position was sent; it goes no further. */
	stalled(layer: number): Promise<void>;
	/** From the next request on, every blob is sent whole. */
	release(): void;
}

const server = `
const { readFileSync, existsSync } = require('node:fs');
const directory = process.argv[1];
const parts = JSON.parse(readFileSync(directory + '.json', 'utf8'));
const serve = Bun.serve({ port: 0, hostname: '127.0.0.1', idleTimeout: 0, fetch(request) {
	const path = new URL(request.url).pathname;
	if (path === '/v2/') return new Response('{}');
	const part = parts[path.slice(path.lastIndexOf('/') + 1)];
	if (part === undefined) return new Response('', { status: 404 });
	const bytes = Buffer.from(part.bytes, 'base64');
	const headers = { 'content-type': part.type, 'content-length': String(bytes.length) };
	if (part.stall === undefined || existsSync(directory + '.go')) return new Response(bytes, { headers });
	return new Response(new ReadableStream({ start(controller) {
		controller.enqueue(bytes.subarray(0, bytes.length >> 1));
		console.log('stalled ' + part.stall);
	} }), { headers });
} });
console.log('port ' + serve.port);
`;

/** Serves one image under `app:1` in a namespace; layers from position `from` on stop half-way. */
export async function startStallingRegistry(
	engine: RegistryPlace,
	image: BuiltImage,
	from: number,
): Promise<StallingRegistry> {
	const base = join(engine.work, `stalling-${image.config.descriptor.digest.slice(7, 19)}`);
	const entry = ({ descriptor, bytes }: Blob, stall?: number) => ({
		type: descriptor.mediaType,
		bytes: Buffer.from(bytes).toString('base64'),
		stall,
	});
	const parts: Record<string, ReturnType<typeof entry>> = { 1: entry(image.manifest) };
	for (const blob of [image.manifest, image.config]) parts[blob.descriptor.digest] = entry(blob);
	for (const [at, blob] of image.layers.entries()) {
		parts[blob.descriptor.digest] = entry(blob, at < from ? undefined : at);
	}
	writeFileSync(`${base}.json`, JSON.stringify(parts));
	const { argv, env } = engine.command(process.execPath, '-e', server, base);
	const child = Bun.spawn([...argv], { env: env ?? {}, stdin: 'ignore', stdout: 'pipe', stderr: 'inherit' });
	let output = '';
	let wake = () => {};
	void (async () => {
		for await (const chunk of child.stdout) {
			output += Buffer.from(chunk).toString();
			wake();
		}
	})();
	const said = (pattern: RegExp): Promise<RegExpExecArray> =>
		new Promise((resolve, reject) => {
			const timer = setTimeout(() => reject(new Error(`the registry never said ${pattern}: ${output}`)), 15_000);
			const look = () => {
				const found = pattern.exec(output);
				if (found === null) return;
				clearTimeout(timer);
				resolve(found);
			};
			const before = wake;
			wake = () => {
				before();
				look();
			};
			look();
		});
	const [, port] = await said(/^port (\d+)$/m);
	return {
		name: `127.0.0.1:${port}/app:1`,
		async stalled(layer) {
			await said(new RegExp(`^stalled ${layer}$`, 'm'));
		},
		release: () => writeFileSync(`${base}.go`, ''),
		async [Symbol.asyncDispose]() {
			child.kill('SIGKILL');
			await child.exited;
		},
	};
}
