import { expect, test } from 'bun:test';
import { connect, type Socket } from 'node:net';
import { fakeWorld, serve } from './fakes.test-support.ts';

/** A raw client: sends a request, hands out the head and collects the rest. */
async function request(
	path: string,
	head: string,
): Promise<{ socket: Socket; head: string; rest: () => Promise<Buffer> }> {
	const socket = connect({ path, allowHalfOpen: true });
	const chunks: Buffer[] = [];
	let size = 0;
	const ended = new Promise<void>((resolve, reject) => socket.on('end', resolve).on('error', reject));
	const got = Promise.withResolvers<number>();
	let headEnd = -1;
	socket.on('data', (chunk: Buffer) => {
		chunks.push(chunk);
		size += chunk.length;
		if (headEnd < 0) {
			headEnd = Buffer.concat(chunks).indexOf('\r\n\r\n');
			if (headEnd >= 0) got.resolve(headEnd + 4);
		}
	});
	ended.catch(got.reject);
	socket.write(head);
	const at = await got.promise;
	return {
		socket,
		head: Buffer.concat(chunks).subarray(0, at).toString(),
		rest: async () => {
			await ended;
			return Buffer.concat(chunks, size).subarray(at);
		},
	};
}

const upgrade = (target: string, body = '') =>
	`POST ${target} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

test('attach: 101, echo, half-close', async () => {
	const world = fakeWorld();
	await using place = await serve(world);
	const client = await request(place.path, upgrade('/v1.51/containers/web/attach?stream=1&stdin=1&stdout=1'));
	expect(client.head).toStartWith('HTTP/1.1 101 UPGRADED\r\n');
	expect(client.head).toContain('Content-Type: application/vnd.docker.multiplexed-stream');
	client.socket.write('hello');
	client.socket.end();
	expect((await client.rest()).toString()).toBe('hello<eof>');
	expect(world.attaches[0]).toMatchObject({ stdin: true, stdout: true, stderr: false, stream: true });
});

test('exec start: the body is read before the hijack; old clients are told raw', async () => {
	const world = fakeWorld();
	await using place = await serve(world);
	const client = await request(place.path, upgrade('/v1.41/exec/x/start', '{"Detach":false,"Tty":true}'));
	expect(client.head).toContain('Content-Type: application/vnd.docker.raw-stream');
	client.socket.end('in');
	expect((await client.rest()).toString()).toBe('in<eof>');
	const refused = await request(place.path, upgrade('/containers/nope/attach'));
	expect(refused.head).toStartWith('HTTP/1.1 404 Not Found\r\n');
	expect(JSON.parse((await refused.rest()).toString())).toEqual({ message: 'No such container: nope' });
	const detached = await fetch('http://x/exec/x/start', { method: 'POST', body: '{"Detach":true}', unix: place.path });
	expect(detached.status).toBe(200);
});

test('50 MB each way arrive unharmed', async () => {
	await using place = await serve(fakeWorld());
	const client = await request(place.path, upgrade('/containers/web/attach?stream=1&stdin=1&stdout=1'));
	const block = Buffer.alloc(1 << 20, 0).map((_, index) => (index * 31 + (index >> 8)) & 255);
	for (let index = 0; index < 50; index++) {
		if (!client.socket.write(block)) await new Promise((resolve) => client.socket.once('drain', resolve));
	}
	client.socket.end();
	const rest = await client.rest();
	expect(rest.length).toBe((50 << 20) + 5);
	for (let index = 0; index < 50; index++)
		expect(rest.subarray(index << 20, (index + 1) << 20).equals(block)).toBe(true);
}, 30_000);

test('output waits for a client that does not read', async () => {
	const world = fakeWorld();
	await using place = await serve(world);
	let written = 0;
	world.pipe = async (client) => {
		const block = new Uint8Array(1 << 20);
		for (; written < 64; written++) await client.write(block);
		client.end();
	};
	const client = await request(place.path, upgrade('/containers/web/attach?stream=1&stdout=1'));
	client.socket.pause();
	await Bun.sleep(200);
	expect(written).toBeLessThan(32);
	client.socket.resume();
	expect((await client.rest()).length).toBe(64 << 20);
}, 30_000);

test('a client that vanishes ends its attachment', async () => {
	const world = fakeWorld();
	await using place = await serve(world);
	world.pipe = (client) => client.closed;
	const client = await request(place.path, upgrade('/containers/web/attach?stream=1&stdout=1'));
	client.socket.destroy();
	await world.ended;
});

test('without upgrade: 200 and the bodies as streams', async () => {
	await using place = await serve(fakeWorld());
	const answer = await fetch('http://x/containers/web/attach?stream=1&stdin=1&stdout=1', {
		method: 'POST',
		body: 'typed',
		unix: place.path,
	});
	expect([answer.status, await answer.text()]).toEqual([200, 'typed<eof>']);
});

test('attach over a WebSocket', async () => {
	const world = fakeWorld();
	await using place = await serve(world);
	const client = await request(
		place.path,
		'GET /containers/web/attach/ws?stream=1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
	);
	expect(client.head).toContain('Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
	// What comes back is the output of a container without a terminal: its frames are taken off.
	const output = [1, 0, 0, 0, 0, 0, 0, 2, 0x68, 0x69];
	const masked = output.map((byte, index) => byte ^ ((index % 4) + 1));
	client.socket.write(Buffer.from([0x82, 0x80 | masked.length, 1, 2, 3, 4, ...masked]));
	client.socket.write(Buffer.from([0x88, 0x80, 0, 0, 0, 0]));
	const rest = await client.rest();
	expect(rest.subarray(0, 4)).toEqual(Buffer.from([0x82, 2, 0x68, 0x69]));
	client.socket.destroy();
});
