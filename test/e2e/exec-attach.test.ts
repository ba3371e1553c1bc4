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

test('exec: commands that cannot run', async () => {
	const missing = await engine.docker('exec', 'base', 'no-such-command');
	expect(missing.code).toBe(engineKind === 'dockerd' ? 126 : 127);
	const forbidden = await engine.docker('exec', 'base', '/etc/passwd');
	expect(forbidden.code).toBe(126);
	expect((await engine.docker('exec', 'not-there', 'true')).stderr).toContain('No such container: not-there');
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
