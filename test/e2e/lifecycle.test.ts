import { afterAll, beforeAll, expect, test } from 'bun:test';
import { busybox, startEngine, type TestEngine } from '../support/daemon.ts';

let engine: TestEngine;
beforeAll(async () => {
	engine = await startEngine();
	await engine.loadBusybox();
});
afterAll(() => engine.close());

const state = (ref: string) => engine.ok('inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', ref);
const start = (name: string, script: string, ...flags: string[]) =>
	engine.ok('run', '-d', '--name', name, ...flags, busybox, 'sh', '-c', script);

test('create, start, stop, start, restart, kill, wait, rm', async () => {
	const trap = 'trap "exit 5" TERM; while true; do sleep 0.05; done';
	const id = await engine.ok('create', '--name', 'life', busybox, 'sh', '-c', trap);
	expect(await state('life')).toBe('created 0');
	await engine.ok('start', 'life');
	expect(await state('life')).toBe('running 0');
	await engine.ok('stop', 'life');
	expect(await state('life')).toBe('exited 5');
	await engine.ok('start', 'life');
	await engine.ok('restart', 'life');
	expect(await state('life')).toBe('running 0');
	const waiting = engine.ok('wait', 'life');
	await engine.ok('kill', 'life');
	expect(await waiting).toBe('137');
	expect(await engine.ok('inspect', '-f', '{{.Id}}', 'life')).toBe(id);
	await engine.ok('rm', 'life');
	expect((await engine.docker('inspect', 'life')).code).toBe(1);
});

test('stop kills what ignores the signal after its time', async () => {
	await start('deaf', 'trap "" TERM; while true; do sleep 0.05; done');
	const before = performance.now();
	await engine.ok('stop', '-t', '1', 'deaf');
	expect(performance.now() - before).toBeGreaterThan(900);
	expect(await state('deaf')).toBe('exited 137');
	await engine.ok('rm', 'deaf');
});

test('kill -s delivers that signal', async () => {
	await start('usr', 'trap "echo got; exit 6" USR1; echo ready; while true; do sleep 0.05; done');
	expect(await engine.lines(1, 'logs', '-f', 'usr')).toEqual(['ready']);
	await engine.ok('kill', '-s', 'USR1', 'usr');
	expect(await engine.ok('wait', 'usr')).toBe('6');
	expect(await engine.ok('logs', 'usr')).toContain('got');
	await engine.ok('rm', 'usr');
});

test('rm refuses a running container, rm -f does not', async () => {
	const id = await start('busy', 'sleep 60');
	const refused = await engine.docker('rm', 'busy');
	expect(refused.code).toBe(1);
	expect(refused.stderr).toMatch(/is running|running container/);
	expect(await engine.ok('rm', '-f', 'busy')).toBe('busy');
	expect(await engine.ok('ps', '-aq', '--no-trunc')).not.toContain(id);
});

test('ps: filters and formats', async () => {
	await start('one', 'sleep 60', '--label', 'tier=front');
	await start('two', 'exit 3', '--label', 'tier=back');
	await engine.ok('wait', 'two');
	const names = async (...flags: string[]) =>
		(await engine.ok('ps', ...flags, '--format', '{{.Names}}')).split('\n').sort();
	expect(await names()).toEqual(['one']);
	expect(await names('-a')).toEqual(['one', 'two']);
	expect(await names('-a', '--filter', 'label=tier=back')).toEqual(['two']);
	expect(await names('-a', '--filter', 'label=tier')).toEqual(['one', 'two']);
	expect(await names('-a', '--filter', 'exited=3')).toEqual(['two']);
	expect(await names('-a', '--filter', 'status=running')).toEqual(['one']);
	expect(await names('-a', '--filter', 'status=running', '--filter', 'status=exited')).toEqual(['one', 'two']);
	expect(await names('-a', '--filter', 'name=^o')).toEqual(['one']);
	expect(await names('-a', '--filter', `ancestor=${busybox}`)).toEqual(['one', 'two']);
	expect(await names('-a', '--filter', 'since=one')).toEqual(['two']);
	expect(await names('-a', '--filter', 'before=two')).toEqual(['one']);
	expect(await names('-n', '1')).toEqual(['two']);
	const line = await engine.ok(
		'ps',
		'-a',
		'--filter',
		'name=two',
		'--format',
		'{{.Image}}|{{.Command}}|{{.Status}}|{{.Label "tier"}}',
	);
	expect(line).toMatch(/^busybox:test\|"sh -c 'exit 3'"\|Exited \(3\) .* ago\|back$/);
	expect(await engine.ok('ps', '-aq')).toMatch(/^[0-9a-f]{12}\n[0-9a-f]{12}$/);
	expect((await engine.docker('ps', '--filter', 'no-such=1')).stderr).toMatch(/invalid filter/i);
	await engine.ok('rm', '-f', 'one', 'two');
});

test('references: id, prefix, name, with and without slash', async () => {
	const id = await start('refs', 'sleep 60');
	for (const ref of [id, id.slice(0, 12), 'refs', '/refs']) {
		expect(await engine.ok('inspect', '-f', '{{.Name}}', ref)).toBe('/refs');
	}
	await engine.ok('rm', '-f', 'refs');
});

test('ps tells the state in words', async () => {
	const status = (name: string) =>
		engine.ok('ps', '-a', '--filter', `name=^${name}$`, '--format', '{{.Status}}|{{.State}}');
	await engine.ok('create', '--name', 'words', busybox, 'sh', '-c', 'sleep 60');
	expect(await status('words')).toBe('Created|created');
	await engine.ok('start', 'words');
	expect(await status('words')).toMatch(/^Up (Less than a second|\d+ seconds?)\|running$/);
	await engine.ok('kill', 'words');
	expect(await status('words')).toMatch(/^Exited \(137\) (Less than a second|\d+ seconds?) ago\|exited$/);
	await engine.ok('rm', 'words');
});

test('start -a gives output and code, again for each run', async () => {
	await engine.ok('create', '--name', 'again', busybox, 'sh', '-c', 'echo out; echo err >&2; exit 4');
	for (let run = 0; run < 2; run++) {
		expect(await engine.docker('start', '-a', 'again')).toEqual({ code: 4, stdout: 'out\n', stderr: 'err\n' });
	}
	await engine.ok('rm', 'again');
	await engine.ok('create', '-i', '--name', 'echo', busybox, 'cat');
	for (const flags of ['-ai', '-i']) {
		const result = await engine.dockerWith({ stdin: 'typed\n' }, 'start', flags, 'echo');
		expect(result).toEqual({ code: 0, stdout: 'typed\n', stderr: '' });
	}
	await engine.ok('rm', 'echo');
});

test('a start that fails says so, is recorded, and --rm takes it away', async () => {
	const failed = await engine.docker('run', '-d', '--name', 'wrong', '--restart', 'always', busybox, 'no-such');
	expect(failed.code).toBe(127);
	expect(failed.stdout).toMatch(/^[0-9a-f]{64}\n$/);
	const format = '{{.State.Status}} {{.State.ExitCode}} {{.RestartCount}} {{.State.Error}}';
	expect(await engine.ok('inspect', '-f', format, 'wrong')).toMatch(
		/^created 127 0 .*"no-such": executable file not found/,
	);
	await engine.ok('rm', 'wrong');
	expect((await engine.docker('run', '--rm', '--name', 'wrong', busybox, 'no-such')).code).toBe(127);
	expect(await engine.ok('ps', '-aq', '--filter', 'name=wrong')).toBe('');
});

test('the times and signals of stop', async () => {
	await start('patient', 'trap "" TERM; trap "exit 4" USR1; while :; do sleep 0.05; done', '--stop-timeout', '1');
	await engine.ok('stop', 'patient');
	expect(await state('patient')).toBe('exited 137');
	await engine.ok('start', 'patient');
	await engine.lines(1, 'events', '--since', '1', '--filter', 'container=patient', '--filter', 'event=start');
	// Old clients have no --signal.
	expect((await engine.api('POST', '/containers/patient/stop?signal=KILL')).status).toBe(204);
	expect(await state('patient')).toBe('exited 137');
	await engine.ok('rm', 'patient');
	await engine.ok('run', '-d', '--name', 'polite', '--init', '--stop-signal', 'INT', busybox, 'sleep', '600');
	await engine.ok('stop', 'polite');
	expect(await state('polite')).toBe('exited 130');
	expect((await engine.docker('stop', 'polite')).code).toBe(0);
	expect((await engine.docker('kill', 'polite')).stderr).toMatch(/[Cc]annot kill container: polite: .* is not running/);
	expect((await engine.docker('kill', '-s', 'NOPE', 'polite')).stderr).toMatch(/[Ii]nvalid signal: NOPE/);
	expect((await engine.docker('start', 'polite')).code).toBe(0);
	expect((await engine.docker('start', 'polite')).code).toBe(0);
	await engine.ok('rm', '-f', 'polite');
});

test('a stop by hand ends the restart policy, until the next start', async () => {
	await start('comes', 'sleep 600', '--restart', 'unless-stopped');
	await engine.ok('kill', 'comes');
	expect(await engine.ok('wait', 'comes')).toBe('137');
	expect(await engine.ok('inspect', '-f', '{{.State.Status}} {{.RestartCount}}', 'comes')).toBe('exited 0');
	await engine.ok('start', 'comes');
	process.kill(Number(await engine.ok('inspect', '-f', '{{.State.Pid}}', 'comes')), 'SIGKILL');
	await engine.lines(3, 'events', '--since', '1', '--filter', 'container=comes', '--filter', 'event=start');
	expect(await engine.ok('inspect', '-f', '{{.State.Running}} {{.RestartCount}}', 'comes')).toBe('true 1');
	await engine.ok('rm', '-f', 'comes');
});

test('on-failure does not bring back what succeeded', async () => {
	await start('done', 'exit 0', '--restart', 'on-failure');
	expect(await engine.ok('wait', 'done')).toBe('0');
	expect(await engine.ok('inspect', '-f', '{{.State.Status}} {{.RestartCount}}', 'done')).toBe('exited 0');
	await engine.ok('rm', 'done');
});

test('wait: on what ended, on what is removed, on many', async () => {
	await start('first', 'exit 3');
	await start('second', 'sleep 600');
	expect(await engine.ok('wait', 'first')).toBe('3');
	const both = engine.ok('wait', 'first', 'second');
	await engine.ok('stop', '-t', '0', 'second');
	expect(await both).toBe('3\n137');
	await engine.ok('rm', 'first', 'second');
	await start('brief', 'sleep 600', '--rm');
	const waiting = engine.ok('wait', 'brief');
	await engine.lines(1, 'events', '--since', '1', '--filter', 'container=brief', '--filter', 'event=start');
	await engine.ok('stop', '-t', '0', 'brief');
	expect(await waiting).toBe('137');
	expect((await engine.docker('wait', 'not-there')).stderr).toBe(
		'Error response from daemon: No such container: not-there\n',
	);
});
