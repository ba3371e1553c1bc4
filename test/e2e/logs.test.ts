import { afterAll, beforeAll, expect, test } from 'bun:test';
import { busybox, engineKind, startEngine, type TestEngine } from '../support/daemon.ts';

let engine: TestEngine;
beforeAll(async () => {
	engine = await startEngine();
	await engine.loadBusybox();
});
afterAll(() => engine.close());

async function finished(name: string, script: string, ...flags: string[]): Promise<void> {
	await engine.ok('run', '-d', '--name', name, ...flags, busybox, 'sh', '-c', script);
	await engine.ok('wait', name);
}

test('both streams, in order, apart', async () => {
	await finished('both', 'echo a; echo b >&2; echo c');
	const result = await engine.docker('logs', 'both');
	expect(result).toEqual({ code: 0, stdout: 'a\nc\n', stderr: 'b\n' });
});

test('--tail', async () => {
	await finished('tail', 'for i in 1 2 3 4 5; do echo $i; done');
	expect(await engine.ok('logs', '--tail', '2', 'tail')).toBe('4\n5');
	expect(await engine.ok('logs', '--tail', '0', 'tail')).toBe('');
	expect(await engine.ok('logs', '--tail', 'all', 'tail')).toBe('1\n2\n3\n4\n5');
	expect(await engine.ok('logs', '-n', '99', 'tail')).toBe('1\n2\n3\n4\n5');
});

test('-t, --since and --until', async () => {
	await finished('times', 'echo first; sleep 1.2; echo second');
	const lines = (await engine.ok('logs', '-t', 'times')).split('\n');
	expect(lines).toHaveLength(2);
	expect(lines[0]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z first$/);
	const [first = '', second = ''] = lines.map((line) => line.split(' ')[0] ?? '');
	expect(await engine.ok('logs', '--since', second, 'times')).toBe('second');
	expect(await engine.ok('logs', '--until', first, 'times')).toBe('first');
	const middle = String(Date.parse(first) / 1000 + 0.6);
	expect(await engine.ok('logs', '--since', middle, 'times')).toBe('second');
	expect(await engine.ok('logs', '--since', '1h', 'times')).toBe('first\nsecond');
});

test('-f follows to the end, with what was there before', async () => {
	await engine.ok('run', '-d', '--name', 'follow', busybox, 'sh', '-c', 'echo early; sleep 0.5; echo late');
	expect(await engine.ok('logs', '-f', 'follow')).toBe('early\nlate');
});

test('-f --tail 0 shows only what comes', async () => {
	await engine.ok('run', '-d', '-i', '--name', 'fresh', busybox, 'sh', '-c', 'echo old; read line; echo new');
	const command = engine.command('docker', 'logs', '-f', '--tail', '0', 'fresh');
	const child = Bun.spawn([...command.argv], { env: command.env ?? {}, stdout: 'pipe' });
	await engine.dockerWith({ stdin: 'go\n' }, 'attach', 'fresh');
	const text = await new Response(child.stdout).text();
	expect('new\n'.endsWith(text)).toBe(true);
	expect(text).not.toContain('old');
});

test('a line without an end, long lines, bytes that are no text', async () => {
	await finished('odd', 'printf "no end"');
	expect((await engine.docker('logs', 'odd')).stdout).toBe('no end');
	await finished('long', 'head -c 100000 /dev/zero | tr "\\0" x; echo; echo after');
	const { stdout } = await engine.docker('logs', 'long');
	expect(stdout).toBe(`${'x'.repeat(100_000)}\nafter\n`);
	expect(await engine.ok('logs', '--tail', '1', 'long')).toBe('after');
});

test('a terminal’s output is one raw stream', async () => {
	await finished('tty', 'echo a; echo b >&2', '-t');
	expect(await engine.docker('logs', 'tty')).toEqual({ code: 0, stdout: 'a\r\nb\r\n', stderr: '' });
});

test('max-size and max-file bound the log', async () => {
	const opts = ['--log-opt', 'max-size=100k', '--log-opt', 'max-file=2'];
	await finished('bounded', 'i=0; while [ $i -lt 6000 ]; do echo "line number $i of many"; i=$((i+1)); done', ...opts);
	const lines = (await engine.ok('logs', 'bounded')).split('\n');
	expect(lines.at(-1)).toBe('line number 5999 of many');
	expect(lines.length).toBeLessThan(3000);
	expect(lines.length).toBeGreaterThan(500);
	const numbers = lines.map((line) => Number(line.split(' ')[2]));
	expect(numbers.every((number, index) => index === 0 || number === (numbers[index - 1] ?? 0) + 1)).toBe(true);
});

test('--log-driver none has nothing to read', async () => {
	await finished('silent', 'echo x', '--log-driver', 'none');
	const result = await engine.docker('logs', 'silent');
	expect(result.code).toBe(1);
	expect(result.stderr).toContain('configured logging driver does not support reading');
});

test('logs of many lines are complete', async () => {
	await finished('many', 'seq 1 50000');
	const lines = (await engine.ok('logs', 'many')).split('\n');
	expect(lines).toHaveLength(50_000);
	expect(lines.every((line, index) => line === String(index + 1))).toBe(true);
});

test('--details shows what the options of the log ask for', async () => {
	const flags = ['--label', 'com.x=1', '-e', 'FOO=bar', '--log-opt', 'labels=com.x', '--log-opt', 'env=FOO'];
	await finished('detailed', 'echo line', ...flags);
	expect(await engine.ok('logs', '--details', 'detailed')).toBe('FOO=bar,com.x=1 line');
	expect(await engine.ok('logs', 'detailed')).toBe('line');
	expect(await engine.ok('logs', '-t', '--details', 'detailed')).toMatch(/^\S+Z FOO=bar,com.x=1 line$/);
});

test('a container that never ran, and one that ran twice', async () => {
	await engine.ok('create', '--name', 'silent-yet', busybox, 'echo', 'said');
	for (const flags of [[], ['-f']]) expect(await engine.ok('logs', ...flags, 'silent-yet')).toBe('');
	for (let run = 0; run < 2; run++) await engine.ok('start', '-a', 'silent-yet');
	expect(await engine.ok('logs', 'silent-yet')).toBe('said\nsaid');
});

// dockerd notices with the next line only.
test.skipIf(engineKind === 'dockerd')('-f --until ends at that time', async () => {
	await engine.ok('run', '-d', '--name', 'endless', busybox, 'sh', '-c', 'echo a; exec sleep 600');
	const before = performance.now();
	expect(await engine.ok('logs', '-f', '--until', '-1s', 'endless')).toBe('a');
	expect(performance.now() - before).toBeLessThan(10_000);
});

test('wrong arguments are refused', async () => {
	await finished('asked', 'echo x');
	expect((await engine.docker('logs', 'not-there')).stderr).toEndWith(': No such container: not-there\n');
	expect((await engine.docker('logs', '--since', 'soon', 'asked')).code).toBe(1);
	expect((await engine.api('GET', '/containers/asked/logs')).status).toBe(400);
	expect((await engine.api('GET', '/containers/asked/logs?stdout=1&since=soon')).status).toBe(
		engineKind === 'dockerd' ? 500 : 400,
	);
});
