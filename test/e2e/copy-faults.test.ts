import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { createGzip } from 'node:zlib';
import { type TarHeaderInput, tarEnd, tarPadding, writeTarHeader } from '../../src/lib/tar/write.ts';
import { busybox, engineKind, startEngine, type TestEngine } from '../support/daemon.ts';
import { runSync } from '../support/run.ts';

let engine: TestEngine;
let count = 0;
let box = '';
beforeAll(async () => {
	engine = await startEngine();
	await engine.loadBusybox();
});
afterAll(() => engine.close());
beforeEach(() => {
	box = `box${++count}`;
});

const mebibyte = 1024 * 1024;
/** dockerd 20.10 answers 500 to what the API calls a bad request or a full disk. */
const status = (right: number): number => (engineKind === 'dockerd' ? 500 : right);

type Item = TarHeaderInput & { readonly body?: string };

function tarOf(...items: readonly Item[]): Uint8Array {
	const parts: Uint8Array[] = [];
	for (const { body = '', ...header } of items) {
		parts.push(writeTarHeader({ ...header, size: body.length }), Buffer.from(body), tarPadding(body.length));
	}
	return Buffer.concat([...parts, tarEnd]);
}

const file = (name: string): Item => ({ name, type: 'file', body: 'data' });
const archive = (query: string): string => `/v1.41/containers/${box}/archive?${query}`;

async function put(query: string, body: Uint8Array): Promise<{ status: number; text: string }> {
	const response = await fetch(`http://localhost${archive(query)}`, { method: 'PUT', unix: engine.socket, body });
	return { status: response.status, text: await response.text() };
}

/** The gzip of a tar with one file of zeros. */
async function bomb(size: number): Promise<Uint8Array> {
	const gzip = createGzip({ level: 9 });
	const feed = async () => {
		gzip.write(writeTarHeader({ name: 'zeros', type: 'file', size }));
		const zeros = Buffer.alloc(mebibyte);
		for (let done = 0; done < size; done += zeros.length) {
			if (!gzip.write(zeros)) await new Promise((resolve) => gzip.once('drain', resolve));
		}
		gzip.end(tarEnd);
	};
	const [packed] = await Promise.all([new Response(gzip as unknown as ReadableStream).bytes(), feed()]);
	return packed;
}

/** The daemon's processes at the files of containers. */
function workers(): number[] {
	const daemon = engine.pid();
	return readdirSync(`/proc/${daemon}/task`)
		.flatMap((task) => readFileSync(`/proc/${daemon}/task/${task}/children`, 'utf8').trim().split(' '))
		.filter((pid) => pid !== '')
		.map(Number)
		.filter((pid) => commandOf(pid).includes('container-files'));
}

function commandOf(pid: number): string {
	try {
		return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
	} catch {
		// It ended just now.
		return '';
	}
}

/** The mounts of containers' roots that the daemon has. */
function roots(): string[] {
	return readFileSync(`/proc/${engine.pid()}/mountinfo`, 'utf8')
		.split('\n')
		.filter((line) => line.includes(engine.root) && line.includes(' - overlay '));
}

/** Waits until `read` gives that many; nothing tells of the end of a process that is another one's child. */
async function become(amount: number, read: () => readonly unknown[]): Promise<void> {
	const deadline = Date.now() + 15_000;
	while (read().length !== amount) {
		if (Date.now() > deadline) throw new Error(`not ${amount} after 15 s: ${JSON.stringify(read())}`);
		await Bun.sleep(20);
	}
}

/** No process and no mount of a copy is left, and the container still takes and goes. */
async function nothingLeft(): Promise<void> {
	await become(0, workers);
	await become(0, roots);
	expect((await put('path=/tmp', tarOf(file('after')))).status).toBe(200);
	expect((await engine.inside('sh', '-c', `docker cp ${box}:/tmp/after - | tar -xO`)).stdout).toBe('data');
	await engine.ok('rm', box);
	await become(0, roots);
}

const create = (...more: string[]) => engine.ok('create', '--name', box, ...more, busybox, 'sleep', '1000');

describe('a gzip bomb', () => {
	const size = 1024 * mebibyte;

	test('into a volume that is too small for it', async () => {
		await engine.ok(
			'volume',
			'create',
			'-d',
			'local',
			'-o',
			'type=tmpfs',
			'-o',
			'device=tmpfs',
			'-o',
			'o=size=8m',
			box,
		);
		await create('-v', `${box}:/small`);
		const answer = await put('path=/small', await bomb(size));
		expect(answer).toEqual({ status: status(507), text: expect.stringContaining('no space left on device') });
		await nothingLeft();
		await engine.ok('volume', 'rm', box);
	});

	test('into a root on a disk that is too small for it', async () => {
		await engine.stop();
		const data = `${engine.root}/data`;
		expect(runSync('mount', '-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', data).code).toBe(0);
		try {
			await engine.start();
			await engine.loadBusybox();
			await create();
			const answer = await put('path=/tmp', await bomb(size));
			expect(answer).toEqual({ status: status(507), text: expect.stringContaining('no space left on device') });
			await become(0, workers);
			await become(0, roots);
			// Space again: it goes on.
			runSync('mount', '-o', 'remount,size=96m', data);
			await nothingLeft();
		} finally {
			await engine.stop();
			runSync('umount', data);
			await engine.start();
		}
	});
});

describe('a client that goes away', () => {
	const open = (method: string, query: string): ClientRequest => {
		const client = request({ socketPath: engine.socket, path: archive(query), method });
		client.on('error', () => {});
		return client;
	};

	test.skipIf(engineKind === 'dockerd')('in the middle of what it gets', async () => {
		await create();
		const big = { name: 'big', type: 'file', size: 64 * mebibyte } as const;
		const tar = Buffer.concat([writeTarHeader(big), Buffer.alloc(big.size), tarEnd]);
		expect((await put('path=/tmp', tar)).status).toBe(200);
		const client = open('GET', 'path=/tmp/big');
		const response = await new Promise<IncomingMessage>((resolve) => {
			client.once('response', resolve);
			client.end();
		});
		await new Promise((resolve) => response.once('data', resolve));
		response.pause();
		expect(workers()).toHaveLength(1);
		expect(roots()).toHaveLength(1);
		client.destroy();
		await nothingLeft();
	});

	test.skipIf(engineKind === 'dockerd')('in the middle of what it sends', async () => {
		await create();
		const client = open('PUT', 'path=/tmp');
		client.write(writeTarHeader({ name: 'big', type: 'file', size: 64 * mebibyte }));
		client.write(Buffer.alloc(mebibyte));
		await become(1, workers);
		client.destroy();
		await nothingLeft();
	});

	test.skipIf(engineKind === 'dockerd')('before it sends anything', async () => {
		await create();
		const client = open('PUT', 'path=/tmp');
		client.flushHeaders();
		await become(1, roots);
		client.destroy();
		await nothingLeft();
	});
});

test('20 000 small files, in and out', async () => {
	await create();
	const names = Array.from({ length: 20_000 }, (_, index) => `many/${index % 20}/${index}`);
	const folders = Array.from({ length: 20 }, (_, index): Item => ({ name: `many/${index}/`, type: 'directory' }));
	const tar = tarOf({ name: 'many/', type: 'directory' }, ...folders, ...names.map(file));
	expect((await put('path=/tmp', tar)).status).toBe(200);
	const out = await engine.inside('sh', '-c', `docker cp ${box}:/tmp/many - | tar -t | grep -v '/$' | sort`);
	expect(out.stdout.trim().split('\n')).toEqual(names.sort());
	await engine.ok('rm', box);
});

// dockerd 20.10 knows users by name alone here.
test.skipIf(engineKind === 'dockerd')('copyUIDGID gives everything to the user of the container', async () => {
	await create('--user', '1000:1001');
	const tar = tarOf({ name: 'dir/', type: 'directory', uid: 7, gid: 8 }, { ...file('dir/x'), uid: 7, gid: 8 });
	expect((await put('path=/tmp&copyUIDGID=1', tar)).status).toBe(200);
	const owners = await engine.inside(
		'sh',
		'-c',
		`docker cp ${box}:/tmp/dir - | tar -tv --numeric-owner | awk '{print $2}'`,
	);
	expect(owners.stdout).toBe('1000/1001\n1000/1001\n');
	await engine.ok('rm', box);
});

describe('names that cannot be', () => {
	/** The tar with a PAX record before its entry, as it is. */
	const withRecord = (key: string, value: string, item: Item): Uint8Array => {
		const text = ` ${key}=${value}\n`;
		const record = `${text.length + 2}${text}`;
		const body = Buffer.from(record, 'latin1');
		const extension = writeTarHeader({ name: 'PaxHeader', type: 'file', size: body.length });
		extension[156] = 'x'.charCodeAt(0);
		extension.fill(0x20, 148, 156);
		const sum = extension.reduce((total, byte) => total + byte, 0);
		extension.set(Buffer.from(`${sum.toString(8).padStart(6, '0')}\0 `), 148);
		return Buffer.concat([extension, body, tarPadding(body.length), tarOf(item)]);
	};

	test('too long', async () => {
		await create();
		for (const name of ['n'.repeat(256), `${'d/'.repeat(20)}${'n'.repeat(300)}`, 'n/'.repeat(2500)]) {
			const answer = await put('path=/tmp', tarOf(file(name)));
			expect([name.length, answer.status, answer.text]).toEqual([
				name.length,
				status(400),
				expect.stringMatching(/too long/),
			]);
		}
		expect((await put('path=/tmp', tarOf({ name: 'l', type: 'symlink', linkName: 'x'.repeat(4096) }))).status).toBe(
			status(400),
		);
		expect((await put(`path=/tmp/${'n'.repeat(256)}`, tarOf(file('x')))).status).toBe(status(400));
		await nothingLeft();
	});

	test('with a NUL', async () => {
		await create();
		for (const tar of [
			withRecord('path', 'a\0b', file('x')),
			withRecord('linkpath', 'a\0b', { name: 'x', type: 'symlink', linkName: 'y' }),
			withRecord('SCHILY.xattr.user.a\0b', 'v', file('x')),
		]) {
			const answer = await put('path=/tmp', tar);
			expect(answer).toEqual({ status: status(400), text: expect.stringContaining('tar') });
		}
		await nothingLeft();
	});
});

test('a file that the engine mounts cannot be replaced', async () => {
	await engine.ok('run', '-d', '--name', box, busybox, 'sleep', '1000');
	const before = await engine.ok('exec', box, 'cat', '/etc/hosts');
	const answer = await put('path=/etc', tarOf(file('hosts')));
	expect(answer).toEqual({ status: status(409), text: expect.stringContaining('device or resource busy') });
	expect((await put('path=/etc/hosts', tarOf(file('x')))).text).toContain('extraction point is not a directory');
	expect(await engine.ok('exec', box, 'cat', '/etc/hosts')).toBe(before);
	await engine.ok('rm', '-f', box);
});
