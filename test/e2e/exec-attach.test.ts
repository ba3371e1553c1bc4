import { afterAll, beforeAll, expect, test } from 'bun:test';
import { createHash, randomBytes } from 'node:crypto';
import { busybox, engineKind, startEngine, type TestEngine } from '../support/daemon.ts';
import { onTerminal } from '../support/run.ts';

let engine: TestEngine;
beforeAll(async () => {
	engine = await startEngine();
	await engine.loadBusybox();
	await engine.ok('run', '-d', '--name', 'base', '-e', 'OUTER=o', '-w', '/tmp', busybox, 'sleep', '600');
});
afterAll(() => engine.close());

const mebibyte = 1 << 20;

/** Runs docker in the namespace and hashes its stdout as it comes. */
async function hashOutput(
	args: string[],
	stdin?: Uint8Array,
): Promise<{ code: number; bytes: number; sha256: string }> {
	const command = engine.command('docker', ...args);
	const child = Bun.spawn([...command.argv], {
		env: command.env ?? {},
		stdin: stdin ?? 'ignore',
		stdout: 'pipe',
		stderr: 'inherit',
	});
	const hash = createHash('sha256');
	let bytes = 0;
	for await (const chunk of child.stdout) {
		hash.update(chunk);
		bytes += chunk.length;
	}
	return { code: await child.exited, bytes, sha256: hash.digest('hex') };
}

test('exec: output, exit code, environment, directory, user', async () => {
	const script = 'echo "$OUTER $X $(pwd) $(id -u)"; echo e >&2; exit 5';
	const result = await engine.docker('exec', '-e', 'X=x', '-u', '33', 'base', 'sh', '-c', script);
	expect(result).toEqual({ code: 5, stdout: 'o x /tmp 33\n', stderr: 'e\n' });
	expect((await engine.docker('exec', '-w', '/etc', 'base', 'pwd')).stdout).toBe('/etc\n');
});

/** The reason comes as output; dockerd of this age knows only one exit code for all of them. */
test.each([
	[['base', 'no-such-command'], 127, 'exec: "no-such-command": executable file not found in $PATH'],
	[['base', './no-such'], 127, 'exec: "./no-such": stat ./no-such: no such file or directory'],
	[['-t', 'base', 'no-such-command'], 127, 'exec: "no-such-command": executable file not found in $PATH'],
	[['base', '/etc/passwd'], 126, 'exec: "/etc/passwd": permission denied'],
	[['base', '/etc'], 126, 'exec: "/etc": permission denied'],
	[
		['-w', '/not/there', 'base', 'pwd'],
		127,
		'chdir to cwd ("/not/there") set in config.json failed: no such file or directory',
	],
] as const)('exec %j says why it cannot run', async (words, code, reason) => {
	const result = await engine.docker('exec', ...words);
	expect(result.stdout).toBe(
		`OCI runtime exec failed: exec failed: unable to start container process: ${reason}: unknown\r\n`,
	);
	expect(result.code).toBe(engineKind === 'dockerd' ? 126 : code);
});

test('exec: of unknown users, in unknown containers, detached', async () => {
	const user = await engine.docker('exec', '-u', 'nobody-here', 'base', 'id');
	expect([user.code, user.stdout]).toEqual([
		126,
		'unable to find user nobody-here: no matching entries in passwd file\r\n',
	]);
	const missing = await engine.docker('exec', 'not-there', 'true');
	expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining(': No such container: not-there\n')]);
	const detached = await engine.docker('exec', '-d', 'base', 'no-such-command');
	expect(detached.code).toBe(1);
	expect(detached.stderr).toContain('exec: "no-such-command": executable file not found in $PATH');
});

test('exec: its output ends with it, not before and not after', async () => {
	const closed = await engine.docker('exec', 'base', 'sh', '-c', 'exec >&- 2>&-; sleep 0.2; exit 6');
	expect(closed).toEqual({ code: 6, stdout: '', stderr: '' });
	const held = await engine.docker('exec', 'base', 'sh', '-c', 'sleep 60 & echo left; exit 3');
	expect(held).toEqual({ code: 3, stdout: 'left\n', stderr: '' });
	expect((await engine.docker('exec', 'base', 'sh', '-c', 'kill -9 $$')).code).toBe(137);
});

test('stdin: none, closed, more than is read', async () => {
	const none = await engine.docker('run', '--rm', '-i', busybox, 'sh', '-c', 'cat; echo done');
	expect(none).toEqual({ code: 0, stdout: 'done\n', stderr: '' });
	const unasked = await engine.dockerWith({ stdin: 'text' }, 'run', '--rm', busybox, 'sh', '-c', 'cat; echo done');
	expect(unasked.stdout).toBe('done\n');
	const closed = await engine.inside('sh', '-c', `exec docker run --rm -i ${busybox} sh -c 'cat; echo done' <&-`);
	expect(closed).toEqual({ code: 0, stdout: 'done\n', stderr: '' });
	const much = Buffer.alloc(3 * mebibyte, 'y\n');
	for (const command of [
		['run', '--rm', '-i', busybox],
		['exec', '-i', 'base'],
	]) {
		expect((await engine.dockerWith({ stdin: much }, ...command, 'head', '-c', '4')).stdout).toBe('y\ny\n');
	}
});

test('signals of the client go to the container', async () => {
	const script = 'trap "echo caught; exit 9" INT; echo ready; while :; do sleep 0.05; done';
	const { argv, env } = engine.command('docker', 'run', '--rm', '--name', 'signalled', busybox, 'sh', '-c', script);
	const child = Bun.spawn([...argv], { env: env ?? {}, stdout: 'pipe' });
	let output = '';
	for await (const chunk of child.stdout) {
		output += Buffer.from(chunk).toString();
		if (output === 'ready\n') child.kill('SIGINT');
	}
	expect(output).toBe('ready\ncaught\n');
	expect(await child.exited).toBe(9);
});

test('attach over a WebSocket: input, and the bare output of both streams', async () => {
	const script = 'read line; echo "got $line"; echo err >&2; exit 3';
	await engine.ok('run', '-d', '-i', '--name', 'web', busybox, 'sh', '-c', script);
	const socket = await Bun.connect({
		unix: engine.socket,
		socket: {
			data: (_, chunk) => void received.push(chunk),
			close: () => closed.resolve(),
			end: () => closed.resolve(),
		},
	});
	const received: Uint8Array[] = [];
	const closed = Promise.withResolvers<void>();
	const head = [
		'Host: x',
		'Connection: Upgrade',
		'Upgrade: websocket',
		'Origin: http://x',
		'Sec-WebSocket-Version: 13',
	];
	const request = 'GET /v1.41/containers/web/attach/ws?stream=1 HTTP/1.1';
	socket.write(`${request}\r\n${head.join('\r\n')}\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`);
	await engine.lines(1, 'events', '--since', '1', '--filter', 'container=web', '--filter', 'event=attach');
	// A text frame with the mask 0: "hello\n".
	socket.write(Buffer.concat([Buffer.from([0x81, 0x86, 0, 0, 0, 0]), Buffer.from('hello\n')]));
	expect(await engine.ok('wait', 'web')).toBe('3');
	await closed.promise;
	const answer = Buffer.concat(received).toString('latin1');
	expect(answer).toMatch(/^HTTP\/1.1 101 /);
	expect(answer).toContain('\x82\x0agot hello\n');
	expect(answer).toContain('\x82\x04err\n');
	socket.end();
	await engine.ok('rm', 'web');
});

test('exec -d runs on its own', async () => {
	expect(await engine.ok('exec', '-d', 'base', 'sh', '-c', 'echo made >/tmp/by-exec; sleep 300')).toBe('');
	expect(
		await engine.ok('exec', 'base', 'sh', '-c', 'while ! test -s /tmp/by-exec; do sleep 0.02; done; cat /tmp/by-exec'),
	).toBe('made');
	expect(await engine.ok('exec', 'base', 'ps')).toContain('sleep 300');
});

test('exec -i: 20 MB in, the same out', async () => {
	const data = randomBytes(20 * mebibyte);
	const result = await hashOutput(['exec', '-i', 'base', 'cat'], data);
	expect(result).toEqual({ code: 0, bytes: data.length, sha256: createHash('sha256').update(data).digest('hex') });
});

test('exec: 200 MB out', async () => {
	const result = await hashOutput(['exec', 'base', 'sh', '-c', 'yes 0123456789abcde | head -c 209715200']);
	const line = Buffer.from('0123456789abcde\n');
	const expected = createHash('sha256');
	const block = Buffer.alloc(mebibyte, line);
	for (let index = 0; index < 200; index++) expected.update(block);
	expect(result).toEqual({ code: 0, bytes: 200 * mebibyte, sha256: expected.digest('hex') });
}, 120_000);

test('exec -it has a terminal', async () => {
	const session = onTerminal(engine.command('docker', 'exec', '-it', 'base', 'sh'));
	await session.waitFor(/# /);
	session.type('tty; echo typed-$((40+2))\n');
	await session.waitFor(/typed-42/);
	expect(session.output()).toMatch(/\/dev\/pts\/\d/);
	session.type('exit 4\n');
	expect(await session.exited).toBe(4);
});

test('run -i: 20 MB through stdin and back', async () => {
	const data = randomBytes(20 * mebibyte);
	const result = await hashOutput(['run', '--rm', '-i', '--log-driver', 'none', busybox, 'cat'], data);
	expect(result).toEqual({ code: 0, bytes: data.length, sha256: createHash('sha256').update(data).digest('hex') });
}, 60_000);

test('run: 200 MB of output, by checksum', async () => {
	const script = 'yes 0123456789abcde | head -c 209715200';
	const result = await hashOutput(['run', '--rm', '--log-driver', 'none', busybox, 'sh', '-c', script]);
	expect(result.code).toBe(0);
	expect(result.bytes).toBe(200 * mebibyte);
	const expected = createHash('sha256');
	const block = Buffer.alloc(mebibyte, '0123456789abcde\n');
	for (let index = 0; index < 200; index++) expected.update(block);
	expect(result.sha256).toBe(expected.digest('hex'));
}, 120_000);

test('attach: sees live output, sends input, gets the exit code', async () => {
	await engine.ok('run', '-d', '-i', '--name', 'attached', busybox, 'sh', '-c', 'read line; echo "got $line"; exit 8');
	const result = await engine.dockerWith({ stdin: 'hello\n' }, 'attach', 'attached');
	expect(result.stdout).toBe('got hello\n');
	expect(result.code).toBe(8);
	await engine.ok('rm', 'attached');
});

test('two clients attached both see all', async () => {
	await engine.ok('create', '-i', '--name', 'shared', busybox, 'sh', '-c', 'read go; seq 1 1000');
	await engine.ok('start', 'shared');
	const listener = engine.command('docker', 'attach', '--no-stdin', 'shared');
	const child = Bun.spawn([...listener.argv], { env: listener.env ?? {}, stdout: 'pipe' });
	await engine.lines(1, 'events', '--since', '1', '--filter', 'container=shared', '--filter', 'event=attach');
	const second = await engine.dockerWith({ stdin: 'go\n' }, 'attach', 'shared');
	const expected = Array.from({ length: 1000 }, (_, index) => `${index + 1}\n`).join('');
	expect(second.stdout).toBe(expected);
	expect(await new Response(child.stdout).text()).toBe(expected);
	await engine.ok('rm', 'shared');
});

test('a client that does not read holds nobody else up', async () => {
	await engine.ok('run', '-d', '--name', 'flood', busybox, 'sh', '-c', 'yes | head -c 50000000; sleep 600');
	const stuck = engine.command('docker', 'attach', '--no-stdin', 'flood');
	const child = Bun.spawn([...stuck.argv], { env: stuck.env ?? {}, stdout: 'pipe' });
	process.kill(child.pid, 'SIGSTOP');
	const before = performance.now();
	await engine.ok('ps');
	expect(performance.now() - before).toBeLessThan(5000);
	expect((await engine.docker('exec', 'flood', 'echo', 'alive')).stdout).toBe('alive\n');
	process.kill(child.pid, 'SIGKILL');
	await child.exited;
	await engine.ok('rm', '-f', 'flood');
});
