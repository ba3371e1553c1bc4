import { afterEach, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { codeOf } from '../errors.ts';
import { ApiClient, jsonLines, text } from './client.ts';
import { parseEndpoint } from './endpoint.ts';

const cleanups: (() => void)[] = [];
afterEach(() => {
	for (const cleanup of cleanups.splice(0)) cleanup();
});

/** A server that answers each request on a connection with the next raw response; returns what it got. */
function serveRaw(responses: readonly string[], piece = 1_000_000) {
	const folder = mkdtempSync(join(tmpdir(), 'client-'));
	const path = join(folder, 's');
	const got: string[] = [];
	let next = 0;
	const server = Bun.listen({
		unix: path,
		socket: {
			data(socket, data) {
				got.push(data.toString());
				const response = responses[next++] ?? '';
				void (async () => {
					for (let at = 0; at < response.length; at += piece) {
						socket.write(response.slice(at, at + piece));
						if (piece < response.length) await new Promise((resolve) => setImmediate(resolve));
					}
					if (/connection: close/i.test(response)) socket.end();
				})();
			},
		},
	});
	cleanups.push(() => {
		server.stop(true);
		rmSync(folder, { recursive: true, force: true });
	});
	const client = new ApiClient({ endpoint: parseEndpoint(`unix://${path}`, null), apiVersion: null });
	cleanups.push(() => client.close());
	return { client, got };
}

const get = { method: 'GET', path: '/x' } as const;
const ok = (body: string) => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

describe('the client', () => {
	for (const piece of [1, 2, 5, 1_000_000]) {
		test(`reads responses that come in pieces of ${piece}`, async () => {
			const chunked =
				'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\n{"a":\r\n2\r\n1}\r\n0\r\nTrailer: x\r\n\r\n';
			const { client, got } = serveRaw([chunked, ok('{"b":2}')], piece);
			expect(await client.json<unknown>(get)).toEqual({ a: 1 });
			expect(await client.json<unknown>(get)).toEqual({ b: 2 });
			expect(got[0]).toStartWith('GET /v1.51/x HTTP/1.1\r\n');
		});
	}

	test('goes down to the version of an older daemon, also for requests that are under way', async () => {
		const message = '{"message":"client version 1.51 is too new. Maximum supported API version is 1.41"}';
		const refusal = `HTTP/1.1 400 Bad Request\r\nContent-Length: ${message.length}\r\n\r\n${message}`;
		const { client, got } = serveRaw([refusal, refusal, ok('1'), ok('2')]);
		const both = await Promise.all([client.json<number>(get), client.json<number>(get)]);
		expect(both.sort()).toEqual([1, 2]);
		expect(client.apiVersion).toBe('1.41');
		expect(got.at(-1)).toStartWith('GET /v1.41/x');
	});

	test('gives the daemon’s message and a code', async () => {
		const { client } = serveRaw([
			'HTTP/1.1 404 Not Found\r\nContent-Length: 24\r\n\r\n{"message":"no such web"}'.replace('24', '25'),
		]);
		const failure = await client.json(get).catch((error: unknown) => error);
		expect(codeOf(failure)).toBe('not_found');
		expect(String(failure)).toContain('Error response from daemon: no such web');
	});

	test('tells of a response that is cut short', async () => {
		const { client } = serveRaw(['HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 10\r\n\r\nabc']);
		await expect(client.json(get)).rejects.toThrow('unexpected EOF');
	});

	test('tells of a daemon that is not there', async () => {
		const client = new ApiClient({ endpoint: parseEndpoint('unix:///nonexistent/s', null), apiVersion: null });
		await expect(client.json(get)).rejects.toThrow(
			'Cannot connect to the Gantry daemon at unix:///nonexistent/s. Is the gantry daemon running?',
		);
	});

	test('reads lines as they come', async () => {
		const { client } = serveRaw([ok('{"a":1}\n{"a":2}\r\n\n{"a":3}')], 4);
		const found: unknown[] = [];
		for await (const line of jsonLines<unknown>((await client.send(get)).body)) found.push(line);
		expect(found).toEqual([{ a: 1 }, { a: 2 }, { a: 3 }]);
	});

	test('hijacks: both directions, half-close, bytes that came with the head', async () => {
		const folder = mkdtempSync(join(tmpdir(), 'client-'));
		const path = join(folder, 's');
		let received = 0;
		const server = Bun.listen<{ upgraded: boolean }>({
			unix: path,
			allowHalfOpen: true,
			socket: {
				open(socket) {
					socket.data = { upgraded: false };
				},
				data(socket, data) {
					if (socket.data.upgraded) {
						received += data.length;
						return;
					}
					socket.data.upgraded = true;
					socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nearly');
				},
				end(socket) {
					socket.end(` got ${received}`);
				},
			},
		});
		cleanups.push(() => {
			server.stop(true);
			rmSync(folder, { recursive: true, force: true });
		});
		const client = new ApiClient({ endpoint: parseEndpoint(`unix://${path}`, null), apiVersion: null });
		const { stream } = await client.hijack({ method: 'POST', path: '/attach' });
		for (let i = 0; i < 50; i++) await stream.write(new Uint8Array(100_000));
		stream.end();
		expect(await text(stream.readable)).toBe('early got 5000000');
		await stream.closed;
	});
});

describe('hosts', () => {
	test('are parsed', () => {
		expect(parseEndpoint('unix:///a/b', null)).toMatchObject({ kind: 'unix', path: '/a/b' });
		expect(parseEndpoint('tcp://h', null)).toMatchObject({ hostname: 'h', port: 2375, tls: null });
		expect(parseEndpoint('tcp://[::1]:99/base/', null)).toMatchObject({ hostname: '::1', port: 99, basePath: '/base' });
		expect(parseEndpoint('ssh://u@h:2222/run/x.sock', null)).toMatchObject({
			kind: 'ssh',
			user: 'u',
			hostname: 'h',
			port: '2222',
			socketPath: '/run/x.sock',
		});
		expect(parseEndpoint('ssh://[fe80::1]', null)).toMatchObject({ hostname: 'fe80::1', port: '', socketPath: '' });
		expect(parseEndpoint('https://h', null)).toMatchObject({ port: 2376, tls: { verify: true } });
	});

	test('that cannot be are refused', () => {
		for (const wrong of [
			'ssh://',
			'ssh://u:p@h',
			'ssh://h?x=1',
			'ssh://h#x',
			'ssh://h:x',
			'ssh://:22',
			'ssh://h/%zz',
		]) {
			expect(() => parseEndpoint(wrong, null)).toThrow('ssh host connection is not valid: invalid SSH URL');
		}
		expect(() => parseEndpoint('fd://', null)).toThrow('unable to parse docker host `fd://`');
		expect(() => parseEndpoint('fd://3', null)).toThrow('fd:// transport is for daemons');
		expect(() => parseEndpoint('npipe:////./pipe/x', null)).toThrow('protocol not available');
		expect(() => parseEndpoint('nothing', null)).toThrow('unable to parse docker host');
		expect(() => parseEndpoint('tcp://h:99999', null)).toThrow('invalid bind address');
	});
});
