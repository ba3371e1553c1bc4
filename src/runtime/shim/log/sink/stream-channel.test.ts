import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Socket, TCPSocketListener } from 'bun';
import type { SinkTls } from '../../../protocol.ts';
import { usualRetry } from './channel.ts';
import { acknowledgementReader, pack } from './msgpack.ts';
import { StreamChannel, type StreamOptions } from './stream-channel.ts';

let folder = '';
beforeAll(() => {
	folder = mkdtempSync(join(tmpdir(), 'gantry-sink-'));
	const run = (...words: string[]) => {
		const { exitCode, stderr } = Bun.spawnSync(['openssl', ...words], { cwd: folder, stderr: 'pipe' });
		if (exitCode !== 0) throw new Error(stderr.toString());
	};
	writeFileSync(join(folder, 'names'), 'subjectAltName=DNS:localhost');
	run(
		'req',
		'-x509',
		'-newkey',
		'rsa:2048',
		'-nodes',
		'-keyout',
		'ca.key',
		'-out',
		'ca.pem',
		'-days',
		'2',
		'-subj',
		'/CN=ca',
	);
	run('req', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'key.pem', '-out', 'request', '-subj', '/CN=localhost');
	run(
		'x509',
		'-req',
		'-in',
		'request',
		'-CA',
		'ca.pem',
		'-CAkey',
		'ca.key',
		'-CAcreateserial',
		'-out',
		'cert.pem',
		'-days',
		'2',
		'-extfile',
		'names',
	);
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Server {
	readonly listener: TCPSocketListener;
	readonly sockets: Socket[];
	/** Resolves with all that came once it has that text. */
	until(text: string): Promise<string>;
}

function serve(
	options: { port?: number; stall?: boolean; tls?: boolean; answer?: (text: string) => Buffer | null } = {},
): Server {
	const sockets: Socket[] = [];
	let seen = '';
	let wake = (): void => undefined;
	const read = (name: string) => readFileSync(join(folder, name), 'utf8');
	const listener = Bun.listen({
		hostname: '127.0.0.1',
		port: options.port ?? 0,
		...(options.tls === true ? { tls: { key: read('key.pem'), cert: read('cert.pem') } } : {}),
		socket: {
			open(socket) {
				sockets.push(socket);
				if (options.stall === true) socket.pause();
			},
			data(socket, bytes) {
				seen += bytes.toString('latin1');
				const answer = options.answer?.(bytes.toString('latin1')) ?? null;
				if (answer !== null) socket.write(answer);
				wake();
			},
		},
	});
	return {
		listener,
		sockets,
		async until(text) {
			while (!seen.includes(text)) {
				await new Promise<void>((resolve) => {
					wake = resolve;
				});
			}
			return seen;
		},
	};
}

const bytes = (text: string, ack: string | null = null) => ({ bytes: Buffer.from(text), ack });

function channelTo(
	port: number,
	more: Partial<StreamOptions> & { readonly tls?: SinkTls; readonly host?: string } = {},
): StreamChannel {
	return new StreamChannel({
		address: { kind: 'tcp', host: more.host ?? '127.0.0.1', port, tls: more.tls ?? null },
		limits: { buffer: 64 * 1024, nonBlocking: false },
		retry: { ...usualRetry, first: 5 },
		async: false,
		writeTimeout: 0,
		acknowledgements: null,
		...more,
	});
}

test('messages come, and come again after the connection broke', async () => {
	const server = serve();
	const channel = channelTo(server.listener.port);
	await channel.open();
	channel.send(bytes('one;'));
	await server.until('one;');
	const { port } = server.listener;
	server.listener.stop(true);
	for (const socket of server.sockets) socket.terminate();
	const second = serve({ port });
	// What is sent before the break is noticed may be lost with it.
	const again = setInterval(() => channel.send(bytes('two;')), 2);
	expect(await second.until('two;')).not.toContain('one;');
	clearInterval(again);
	await channel.close();
	second.listener.stop(true);
});

test('a server that does not read makes congestion, which ends with its connection', async () => {
	const server = serve({ stall: true });
	const channel = channelTo(server.listener.port);
	await channel.open();
	const block = bytes('x'.repeat(64 * 1024));
	for (let n = 0; n < 500 && channel.congestion === null; n++) channel.send(block);
	const { congestion } = channel;
	expect(congestion).not.toBeNull();
	server.listener.stop(true);
	for (const socket of server.sockets) socket.terminate();
	await congestion;
	expect(channel.congestion).toBeNull();
	await channel.close();
});

test('what is not acknowledged goes to the next connection', async () => {
	const first = serve();
	const { port } = first.listener;
	const channel = channelTo(port, { acknowledgements: acknowledgementReader });
	await channel.open();
	channel.send(bytes('one;', 'id'));
	await first.until('one;');
	first.listener.stop(true);
	for (const socket of first.sockets) socket.terminate();
	const answer = Buffer.concat([Buffer.from([0x81]), pack('ack'), pack('id')]);
	const second = serve({ port, answer: () => answer });
	expect(await second.until('one;')).toBe('one;');
	// With the acknowledgement there is nothing left to wait for.
	await channel.close();
	second.listener.stop(true);
});

test('TLS: the certificate counts, and the name in it', async () => {
	const server = serve({ tls: true });
	const { port } = server.listener;
	const tls: SinkTls = { ca: join(folder, 'ca.pem'), cert: '', key: '', skipVerify: false };
	const good = channelTo(port, { tls, host: 'localhost' });
	await good.open();
	good.send(bytes('safe;'));
	expect(await server.until('safe;')).toBe('safe;');
	await good.close();
	await expect(channelTo(port, { tls }).open()).rejects.toThrow(/failed to verify certificate/);
	await expect(channelTo(port, { tls: { ...tls, ca: '' }, host: 'localhost' }).open()).rejects.toThrow(
		/failed to verify/,
	);
	await expect(channelTo(port, { tls: { ...tls, ca: '/nope' } }).open()).rejects.toThrow(
		'could not read CA certificate "/nope": open /nope: no such file or directory',
	);
	const careless = channelTo(port, { tls: { ...tls, ca: '', skipVerify: true } });
	await careless.open();
	await careless.close();
	server.listener.stop(true);
});
