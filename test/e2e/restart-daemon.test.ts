import { afterEach, beforeEach, expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { busybox, engineKind, startEngine, type TestEngine } from '../support/daemon.ts';

let engine: TestEngine;
beforeEach(async () => {
	if (engineKind === 'dockerd') return;
	engine = await startEngine();
	await engine.loadBusybox();
});
afterEach(async () => {
	if (engineKind === 'gantry') await engine.close();
});

// dockerd goes down with its containerd, and keeps containers over its own end only when told to.
const endures = test.skipIf(engineKind === 'dockerd');

const start = (name: string, script: string, ...flags: string[]) =>
	engine.ok('run', '-d', '--name', name, ...flags, busybox, 'sh', '-c', script);

endures(
	'kill -9 of the daemon loses no container, log line or exit code',
	async () => {
		const idle = Array.from({ length: 13 }, (_, index) => `idle-${index}`);
		const writers = Array.from({ length: 5 }, (_, index) => `writer-${index}`);
		for (const name of idle) await start(name, 'exec sleep 600');
		const write = 'i=0; while [ $i -lt 400 ]; do echo line-$i; i=$((i+1)); sleep 0.01; done; exec sleep 600';
		for (const name of writers) await start(name, write);
		await start('exits-3', 'trap "exit 3" TERM; while true; do sleep 0.05; done');
		await start('exits-signal', 'exec sleep 600');
		const pid = Number(await engine.ok('inspect', '-f', '{{.State.Pid}}', 'exits-signal'));
		const reader = Number(await engine.ok('inspect', '-f', '{{.State.Pid}}', 'exits-3'));
		expect((await engine.ok('ps', '-q')).split('\n')).toHaveLength(20);

		await engine.kill9();
		process.kill(pid, 'SIGKILL');
		process.kill(reader, 'SIGTERM');
		await gone(pid);
		await gone(reader);
		await engine.start();

		expect((await engine.ok('ps', '-q')).split('\n')).toHaveLength(18);
		expect((await engine.ok('ps', '-aq')).split('\n')).toHaveLength(20);
		expect(await engine.ok('inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', 'exits-signal', 'exits-3')).toBe(
			'exited 137\nexited 3',
		);
		const last = 'line-399';
		for (const name of writers) {
			const lines = await engine.lines(400, 'logs', '-f', name);
			expect(lines).toHaveLength(400);
			expect(lines.at(-1)).toBe(last);
			expect(lines.every((line, index) => line === `line-${index}`)).toBe(true);
		}
		for (const name of idle) expect(await engine.ok('exec', name, 'echo', 'here')).toBe('here');
		await engine.ok('rm', '-f', ...idle, ...writers, 'exits-3', 'exits-signal');
		expect(await engine.leftovers()).toEqual([]);
	},
	120_000,
);

/** Resolves when the process is no more (or a zombie of its shim's). */
async function gone(pid: number): Promise<void> {
	const child = Bun.spawn(['tail', `--pid=${pid}`, '-s', '0.05', '-f', '/dev/null']);
	await child.exited;
}

endures('attach, exec, ports and stop work on what an earlier daemon started', async () => {
	await start('echoer', 'read a; echo "got $a"; read b; echo "got $b"; exit 6', '-i');
	await start('web', 'echo hello >/tmp/index.html; exec httpd -f -p 80 -h /tmp', '-p', '8080:80');
	await engine.kill9();
	await engine.start();
	const attached = await engine.dockerWith({ stdin: 'one\ntwo\n' }, 'attach', 'echoer');
	expect(attached).toEqual({ code: 6, stdout: 'got one\ngot two\n', stderr: '' });
	expect(
		(await engine.inside('curl', '-sS', '--retry', '5', '--retry-all-errors', 'http://127.0.0.1:8080/')).stdout,
	).toBe('hello\n');
	const taken = await engine.docker('run', '-d', '--name', 'taken', '-p', '8080:80', busybox, 'true');
	expect(taken.code).toBe(125);
	await engine.ok('stop', '-t', '1', 'web');
	expect((await engine.inside('curl', '-s', '--max-time', '2', 'http://127.0.0.1:8080/')).code).not.toBe(0);
	await engine.ok('start', 'taken');
});

endures('a client that follows the log goes on after the restart with nothing missing', async () => {
	await start('counting', 'i=0; while [ $i -lt 300 ]; do echo $i; i=$((i+1)); sleep 0.01; done');
	await engine.kill9();
	await engine.start();
	expect(await engine.ok('logs', '-f', 'counting')).toBe(
		Array.from({ length: 300 }, (_, index) => String(index)).join('\n'),
	);
	expect(await engine.ok('wait', 'counting')).toBe('0');
});

endures('restart policies are kept: always comes back, --rm goes', async () => {
	await start('always', 'exec sleep 600', '--restart', 'always');
	await start('removed', 'exec sleep 600', '--rm');
	const pids = [];
	for (const name of ['always', 'removed']) pids.push(Number(await engine.ok('inspect', '-f', '{{.State.Pid}}', name)));
	await engine.kill9();
	for (const pid of pids) process.kill(pid, 'SIGKILL');
	for (const pid of pids) await gone(pid);
	await engine.start();
	await engine.lines(2, 'events', '--since', '1', '--filter', 'container=always', '--filter', 'event=start');
	expect(await engine.ok('inspect', '-f', '{{.State.Running}}', 'always')).toBe('true');
	await engine.lines(1, 'events', '--since', '1', '--filter', 'container=removed', '--filter', 'event=destroy');
	expect(await engine.ok('ps', '-aq', '--filter', 'name=removed')).toBe('');
	await engine.ok('rm', '-f', 'always');
});

endures('an orderly stop leaves containers alone too', async () => {
	await start('stays', 'exec sleep 600');
	const pid = Number(await engine.ok('inspect', '-f', '{{.State.Pid}}', 'stays'));
	await engine.stop();
	expect(readFileSync(`/proc/${pid}/cmdline`, 'latin1')).toContain('sleep');
	await engine.start();
	expect(await engine.ok('inspect', '-f', '{{.State.Pid}} {{.State.Running}}', 'stays')).toBe(`${pid} true`);
	await engine.ok('rm', '-f', 'stays');
});

endures('SIGTERM ends the daemon at once, whatever is open', async () => {
	await start('talks', 'while true; do echo word; sleep 0.05; done');
	await start('listens', 'exec cat', '-i');
	const clients = [
		['events'],
		['logs', '-f', 'talks'],
		['attach', '--no-stdin', 'talks'],
		['attach', 'listens'],
		['exec', 'talks', 'sleep', '60'],
		['wait', 'talks'],
		['stats', 'talks'],
	].map((words) => {
		const { argv, env } = engine.command('docker', ...words);
		return Bun.spawn([...argv], { env: env ?? {}, stdin: 'pipe', stdout: 'pipe', stderr: 'ignore' });
	});
	// Each stream is known to be open by its first word, or by what it changed.
	for (const index of [1, 2]) await clients[index]!.stdout.getReader().read();
	await engine.lines(1, 'events', '--since', '1', '--filter', 'event=exec_start');
	const before = performance.now();
	await engine.stop();
	expect(performance.now() - before).toBeLessThan(1000);
	// The docker CLI goes on showing its table when the stream of a container's counters has ended, and minds no SIGTERM.
	clients.at(-1)?.kill('SIGKILL');
	for (const client of clients) await client.exited;
	await engine.start();
	expect(await engine.ok('ps', '--format', '{{.Names}}', '--filter', 'status=running')).toBe('listens\ntalks');
});

/** The process that keeps a container: the parent of its first one. */
async function shimOf(name: string): Promise<number> {
	const pid = await engine.ok('inspect', '-f', '{{.State.Pid}}', name);
	return Number(/\) \S (\d+) /.exec(readFileSync(`/proc/${pid}/stat`, 'latin1'))?.[1]);
}

endures('a stopped shim slows nobody down, and its container can be removed', async () => {
	await start('stuck', 'exec sleep 600');
	const shim = await shimOf('stuck');
	process.kill(shim, 'SIGSTOP');
	const pending = engine.docker('exec', 'stuck', 'true');
	for (const words of [
		['ps'],
		['inspect', 'stuck'],
		['run', '-d', '--name', 'other', busybox, 'sleep', '600'],
		['logs', 'stuck'],
	]) {
		const before = performance.now();
		await engine.ok(...words);
		expect([words[0], performance.now() - before < 500]).toEqual([words[0], true]);
	}
	await engine.ok('rm', '-f', 'stuck');
	await gone(shim);
	expect((await pending).code).not.toBe(0);
	await engine.ok('rm', '-f', 'other');
	expect(await engine.leftovers()).toEqual([]);
});

endures('a stopped shim over a restart of the daemon: its container is still there', async () => {
	await start('stuck', 'exec sleep 600');
	process.kill(await shimOf('stuck'), 'SIGSTOP');
	await engine.kill9();
	await engine.start();
	expect(await engine.ok('exec', 'stuck', 'echo', 'here')).toBe('here');
});

endures('kill -9 of a shim ends its container, and it can start again', async () => {
	await start('kept', 'exec sleep 600', '--restart', 'no');
	const pid = Number(await engine.ok('inspect', '-f', '{{.State.Pid}}', 'kept'));
	process.kill(await shimOf('kept'), 'SIGKILL');
	expect(await engine.ok('wait', 'kept')).toBe('255');
	// The host's own init may still have to take note of it.
	expect(existsSync(`/proc/${pid}/cmdline`) ? readFileSync(`/proc/${pid}/cmdline`, 'latin1') : '').toBe('');
	expect(await engine.ok('inspect', '-f', '{{.State.Status}}', 'kept')).toBe('exited');
	await engine.ok('start', 'kept');
	expect(await engine.ok('exec', 'kept', 'echo', 'again')).toBe('again');
	// The same while no daemon looks.
	const shim = await shimOf('kept');
	await engine.kill9();
	process.kill(shim, 'SIGKILL');
	await engine.start();
	expect(await engine.ok('inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', 'kept')).toBe('exited 255');
	await engine.ok('start', 'kept');
});

endures(
	'kill -9 in the middle of starts leaves nothing half made',
	async () => {
		for (let round = 0; round < 3; round++) {
			const starts = Array.from({ length: 6 }, (_, index) =>
				engine.docker('run', '-d', '--name', `r${round}-${index}`, busybox, 'sleep', '600'),
			);
			await Promise.race(starts);
			await engine.kill9();
			await Promise.all(starts);
			await engine.start();
			const ids = (await engine.ok('ps', '-aq')).split('\n').filter((id) => id !== '');
			if (ids.length > 0) await engine.ok('rm', '-f', ...ids);
			expect(await engine.leftovers()).toEqual([]);
		}
	},
	120_000,
);

endures(
	'kill -9 in the middle of removals and exits leaves nothing half gone',
	async () => {
		for (let round = 0; round < 3; round++) {
			const names = Array.from({ length: 6 }, (_, index) => `x${round}-${index}`);
			for (const [index, name] of names.entries()) {
				await start(name, 'exec sleep 600', '-p', `${8100 + index}:80`, ...(index % 2 === 0 ? ['--rm'] : []));
			}
			const ends = names.map((name, index) =>
				engine.docker(...(index % 3 === 0 ? ['kill', name] : ['rm', '-f', name])),
			);
			await Promise.race(ends);
			await engine.kill9();
			await Promise.all(ends);
			await engine.start();
			const list = await engine.ok('ps', '-a', '--format', '{{.Names}} {{.State}}');
			for (const line of list.split('\n').filter((one) => one !== '')) {
				const [name = '', state = ''] = line.split(' ');
				expect([name, state]).toEqual([name, expect.stringMatching(/^(running|exited)$/)]);
				if (state === 'running') await engine.ok('exec', name, 'true');
				await engine.ok('rm', '-f', name);
			}
			expect(await engine.leftovers()).toEqual([]);
		}
	},
	120_000,
);
