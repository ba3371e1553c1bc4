import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { busybox, startEngine, type TestEngine } from '../support/daemon.ts';
import { onTerminal } from '../support/run.ts';

let engine: TestEngine;
beforeAll(async () => {
	engine = await startEngine();
	await engine.loadBusybox();
});
afterAll(() => engine.close());

const sh = (script: string, ...flags: string[]) => engine.docker('run', '--rm', ...flags, busybox, 'sh', '-c', script);

describe('docker run', () => {
	test('prints stdout and stderr apart and exits with the container’s code', async () => {
		const result = await sh('echo out; echo err >&2; exit 7');
		expect(result).toEqual({ code: 7, stdout: 'out\n', stderr: 'err\n' });
	});

	test('a signal ends it with 128 + n', async () => {
		expect((await sh('sh -c "kill -TERM \\$\\$"; exit $?')).code).toBe(143);
	});

	test('--rm leaves no container', async () => {
		await sh('true', '--name', 'gone');
		expect(await engine.ok('ps', '-aq', '--filter', 'name=gone')).toBe('');
	});

	test('-i hands stdin on and closes it', async () => {
		const result = await engine.dockerWith({ stdin: 'one\ntwo\n' }, 'run', '--rm', '-i', busybox, 'cat');
		expect(result).toEqual({ code: 0, stdout: 'one\ntwo\n', stderr: '' });
	});

	test('-e, --env-file, -w, -u', async () => {
		const file = `${engine.work}/env`;
		writeFileSync(file, 'FROM_FILE=f\n# no\nBOTH=file\n');
		const script = 'echo "$A|$FROM_FILE|$BOTH|$HOME|$(pwd)|$(id -u):$(id -g)"';
		const result = await sh(
			script,
			'-e',
			'A=a b',
			'--env-file',
			file,
			'-e',
			'BOTH=flag',
			'-w',
			'/tmp/deep/er',
			'-u',
			'33:33',
		);
		expect(result).toEqual({ code: 0, stdout: 'a b|f|flag|/var/www|/tmp/deep/er|33:33\n', stderr: '' });
	});

	test('-u takes names, and refuses unknown ones', async () => {
		expect((await sh('id -un', '-u', 'www-data')).stdout).toBe('www-data\n');
		const result = await sh('id', '-u', 'nobody-here');
		expect(result.code).toBe(125);
		expect(result.stderr).toMatch(/unable to find user nobody-here/);
	});

	test('-v binds a directory, writable and read-only', async () => {
		const folder = `${engine.work}/bind`;
		mkdirSync(folder);
		writeFileSync(`${folder}/in`, 'from outside\n');
		expect((await sh('cat /d/in; echo back >/d/out', '-v', `${folder}:/d`)).stdout).toBe('from outside\n');
		expect(readFileSync(`${folder}/out`, 'utf8')).toBe('back\n');
		const readOnly = await sh('echo x >/d/no', '-v', `${folder}:/d:ro`);
		expect(readOnly.code).not.toBe(0);
		expect(readOnly.stderr).toContain('Read-only file system');
	});

	test('--read-only and --tmpfs', async () => {
		const result = await sh(
			'echo x >/etc/x; echo y >/scratch/y && cat /scratch/y',
			'--read-only',
			'--tmpfs',
			'/scratch',
		);
		expect(result.stdout).toBe('y\n');
		expect(result.stderr).toContain('Read-only file system');
	});

	test('--name, --hostname, /etc/hosts', async () => {
		const result = await sh(
			'hostname; cat /etc/hostname; grep -c "box1" /etc/hosts',
			'--hostname',
			'box1',
			'--name',
			'named',
		);
		expect(result.stdout).toBe('box1\nbox1\n1\n');
	});

	test('the hostname is the short id otherwise', async () => {
		const id = await engine.ok('run', '-d', busybox, 'sh', '-c', 'hostname');
		await engine.ok('wait', id);
		expect(await engine.ok('logs', id)).toBe(id.slice(0, 12));
		await engine.ok('rm', id);
	});

	test('--entrypoint replaces the command too', async () => {
		const result = await engine.docker('run', '--rm', '--entrypoint', 'echo', busybox, 'a', 'b');
		expect(result.stdout).toBe('a b\n');
	});

	test('--memory and --cpus reach the cgroup and inspect', async () => {
		const script = 'cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max';
		expect((await sh(script, '--memory', '64m')).stdout).toBe('67108864\n');
		const cpu =
			'cd /sys/fs/cgroup; if [ -e cpu.max ]; then cat cpu.max; else echo $(cat cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us); fi';
		expect((await sh(cpu, '--cpus', '0.5')).stdout).toBe('50000 100000\n');
		const id = await engine.ok('create', '--memory', '64m', '--cpus', '0.5', busybox);
		expect(await engine.ok('inspect', '-f', '{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}}', id)).toBe(
			'67108864 500000000',
		);
		await engine.ok('rm', id);
	});

	test('too much memory ends it with 137 and OOMKilled', async () => {
		const eat = 'x=a; while true; do x=$x$x$x$x; done';
		await engine.docker('run', '--name', 'oom', '--memory', '16m', '--memory-swap', '16m', busybox, 'sh', '-c', eat);
		expect(await engine.ok('inspect', '-f', '{{.State.OOMKilled}}', 'oom')).toBe('true');
		await engine.ok('rm', 'oom');
	}, 60_000);

	test('--network none has loopback alone; host sees ours', async () => {
		expect((await sh('ls /sys/class/net', '--network', 'none')).stdout).toBe('lo\n');
		const inside = (await engine.inside('readlink', '/proc/self/ns/net')).stdout;
		expect((await sh('readlink /proc/self/ns/net', '--network', 'host')).stdout).toBe(inside);
	});

	test('the process is alone: own pids, few capabilities, no new devices', async () => {
		const result = await sh('echo $$; ls /dev | sort | xargs; test -e /proc/kcore && head -c1 /proc/kcore | wc -c');
		expect(result.stdout.split('\n')[0]).toBe('1');
		expect(result.stdout).toContain('null');
		expect(result.stdout).not.toContain('sda');
		expect((await sh('grep CapEff /proc/self/status')).stdout).toMatch(/^CapEff:\t00000000a80[0-9a-f]{5}\n$/);
	});

	test('-d prints the id', async () => {
		const id = await engine.ok('run', '-d', '--name', 'detached', busybox, 'sleep', '60');
		expect(id).toMatch(/^[0-9a-f]{64}$/);
		expect(await engine.ok('ps', '-q', '--no-trunc', '--filter', 'name=detached')).toBe(id);
		await engine.ok('rm', '-f', id);
	});

	test('--cidfile, --label and --stop-signal are kept', async () => {
		const file = `${engine.work}/cid`;
		const flags = ['--cidfile', file, '--label', 'a=b', '--stop-signal', 'SIGUSR1'];
		const id = await engine.ok('create', ...flags, busybox);
		expect(readFileSync(file, 'utf8')).toBe(id);
		expect(await engine.ok('inspect', '-f', '{{.Config.Labels.a}} {{.Config.StopSignal}}', id)).toBe('b SIGUSR1');
		await engine.ok('rm', id);
	});

	test('an image’s layer is not changed by a container', async () => {
		await sh('echo x >/etc/passwd; rm /bin/ls');
		expect((await sh('ls /bin/ls; wc -l </etc/passwd')).stdout).toBe('/bin/ls\n4\n');
	});
});

describe('docker run -t', () => {
	test('gives a terminal: size, colours of the shell, ctrl-d', async () => {
		const session = onTerminal(engine.command('docker', 'run', '--rm', '-it', '--name', 'tty', busybox, 'sh'));
		await session.waitFor(/# /);
		session.type('tty; stty size; echo done-$((1+1))\n');
		await session.waitFor(/done-2/);
		expect(session.output()).toContain('/dev/pts/0');
		expect(session.output()).toMatch(/30 100/);
		session.type('exit 9\n');
		expect(await session.exited).toBe(9);
	});

	test('follows the terminal’s size', async () => {
		const session = onTerminal(engine.command('docker', 'run', '--rm', '-it', busybox, 'sh'));
		await session.waitFor(/# /);
		// A client that is just starting misses a change, and its request takes its time: change it until the shell sees it.
		for (let ask = 0; ask < 50 && !/2\d 77/.test(session.output()); ask++) {
			session.resize(77, 20 + (ask % 10));
			session.type(`stty size; echo asked-$((${ask}+0))\n`);
			await session.waitFor(new RegExp(`asked-${ask}\\r`));
		}
		expect(session.output()).toMatch(/2\d 77/);
		session.type('exit\n');
		expect(await session.exited).toBe(0);
	});

	test('ctrl-c reaches the process, ctrl-p ctrl-q leaves it running', async () => {
		const trap = 'trap "echo caught; exit 3" INT; while true; do echo tick; sleep 0.05; done';
		const session = onTerminal(engine.command('docker', 'run', '-it', '--name', 'keys', busybox, 'sh', '-c', trap));
		await session.waitFor(/tick/);
		session.type('\x10\x11');
		await session.exited;
		expect(await engine.ok('inspect', '-f', '{{.State.Running}}', 'keys')).toBe('true');
		const again = onTerminal(engine.command('docker', 'attach', 'keys'));
		await again.waitFor(/tick/);
		again.type('\x03');
		await again.waitFor(/caught/);
		expect(await again.exited).toBe(3);
		await engine.ok('rm', 'keys');
	});
});

describe('--restart', () => {
	test('on-failure:2 tries twice more', async () => {
		const id = await engine.ok('run', '-d', '--restart', 'on-failure:2', busybox, 'sh', '-c', 'echo try; exit 4');
		await engine.lines(3, 'events', '--since', '1', '--filter', `container=${id}`, '--filter', 'event=die');
		expect(await engine.ok('inspect', '-f', '{{.RestartCount}} {{.State.ExitCode}} {{.State.Status}}', id)).toBe(
			'2 4 exited',
		);
		expect(await engine.ok('logs', id)).toBe('try\ntry\ntry');
		await engine.ok('rm', id);
	}, 90_000);

	test('always comes back, until it is stopped', async () => {
		const id = await engine.ok('run', '-d', '--restart', 'always', busybox, 'sleep', '300');
		const pid = await engine.ok('inspect', '-f', '{{.State.Pid}}', id);
		process.kill(Number(pid), 'SIGKILL');
		await engine.lines(2, 'events', '--since', '1', '--filter', `container=${id}`, '--filter', 'event=start');
		expect(await engine.ok('inspect', '-f', '{{.State.Running}} {{.RestartCount}}', id)).toBe('true 1');
		await engine.ok('stop', '-t', '0', id);
		expect(await engine.ok('inspect', '-f', '{{.State.Running}}', id)).toBe('false');
		await engine.ok('rm', id);
	}, 90_000);
});
