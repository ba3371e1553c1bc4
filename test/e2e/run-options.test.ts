import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { busybox, engineKind, startEngine, type TestEngine } from '../support/daemon.ts';

/** Options of `run`, each seen from inside the container, with both command lines. */

let engine: TestEngine;
beforeAll(async () => {
	engine = await startEngine();
	await engine.loadBusybox();
	mkdirSync(`${engine.work}/source`);
	writeFileSync(`${engine.work}/source/file`, 'content\n');
});
afterAll(() => engine.close());

const clients = engineKind === 'dockerd' ? (['docker'] as const) : (['docker', 'gantry'] as const);
const limit = (controller: string, v1: string, v2: string) =>
	`cat /sys/fs/cgroup/${controller}/${v1} 2>/dev/null || cat /sys/fs/cgroup/${v2}`;
const status = (...fields: string[]) => `grep -E '^(${fields.join('|')}):' /proc/self/status`;

/** Flags, a script, its output. WORK in a flag: the test's folder. */
const works: readonly (readonly [flags: string, script: string, output: string | RegExp])[] = [
	['--memory 64m', limit('memory', 'memory.limit_in_bytes', 'memory.max'), '67108864\n'],
	['--memory 64m --memory-swap 96m', limit('memory', 'memory.memsw.limit_in_bytes', 'memory.swap.max'), /^\d+\n$/],
	['--cpus 1.5', limit('cpu', 'cpu.cfs_quota_us', 'cpu.max'), /^150000\b/],
	['--cpu-shares 512', limit('cpu', 'cpu.shares', 'cpu.weight'), /^(512|20)\n$/],
	['--cpuset-cpus 0', limit('cpuset', 'cpuset.cpus', 'cpuset.cpus'), '0\n'],
	['--pids-limit 5', limit('pids', 'pids.max', 'pids.max'), '5\n'],
	['--pids-limit -1', limit('pids', 'pids.max', 'pids.max'), 'max\n'],
	['--ulimit nofile=100:200 --ulimit core=0', 'ulimit -n; ulimit -Hn; ulimit -c', '100\n200\n0\n'],
	['--oom-score-adj 500', 'cat /proc/self/oom_score_adj', '500\n'],
	['--cap-drop ALL', status('CapPrm', 'CapEff', 'CapBnd'), /^(Cap...:\t0{16}\n){3}$/],
	['--cap-drop ALL --cap-add NET_ADMIN --cap-add sys_time', status('CapEff'), 'CapEff:\t0000000002001000\n'],
	['-u 33', status('CapEff', 'CapBnd'), 'CapEff:\t0000000000000000\nCapBnd:\t00000000a80425fb\n'],
	['', status('Seccomp', 'NoNewPrivs'), 'NoNewPrivs:\t0\nSeccomp:\t2\n'],
	['--security-opt seccomp=unconfined', status('Seccomp'), 'Seccomp:\t0\n'],
	['--security-opt no-new-privileges', status('NoNewPrivs'), 'NoNewPrivs:\t1\n'],
	['-u www-data:daemon', 'id', 'uid=33(www-data) gid=1(daemon) groups=1(daemon)\n'],
	['-u 12345:54321', 'echo "$(id -u):$(id -g) $HOME"', '12345:54321 /\n'],
	['--group-add 777 --group-add daemon', 'id -G', '0 1 777\n'],
	['--init', 'ps -o pid,comm | head -2 | tail -1', /^ +1 docker-init\n$/],
	['--hostname h1 --domainname d.example', 'hostname; cut -f2 /etc/hosts | tail -1', 'h1\nh1.d.example h1\n'],
	['--add-host a.b:1.2.3.4', 'grep -F a.b /etc/hosts', '1.2.3.4\ta.b\n'],
	[
		'--dns 9.9.9.9 --dns-search ex.org --dns-option ndots:3',
		'sort /etc/resolv.conf',
		/^nameserver 9.9.9.9\noptions ndots:3\nsearch ex.org\n$/,
	],
	['--sysctl net.ipv4.ip_default_ttl=77', 'cat /proc/sys/net/ipv4/ip_default_ttl', '77\n'],
	['--shm-size 12m', 'grep " /dev/shm " /proc/mounts', /size=12288k/],
	['', 'grep " /dev/shm " /proc/mounts', /size=65536k/],
	['--tmpfs /t:size=1m,mode=700', 'grep " /t " /proc/mounts; ls -ld /t', /size=1024k,mode=700.*\ndrwx------/],
	['--mount type=tmpfs,dst=/t,tmpfs-size=1m', 'grep " /t " /proc/mounts', /^tmpfs \/t tmpfs .*size=1024k/],
	['--device /dev/null:/dev/mynull:rw', 'echo x >/dev/mynull; ls -l /dev/mynull', /^crw.* 1, +3 .*mynull\n$/],
	['--pid host', 'test $$ -gt 1 && test -e /proc/2/comm && echo host', 'host\n'],
	['--network host', 'ls /sys/class/net | grep -c "^outside$\\|^lo$"', /^[12]\n$/],
	['-v WORK/source:/d', 'cat /d/file; echo more >/d/new; ls /d', 'content\nfile\nnew\n'],
	['-v WORK/source:/d:ro', 'touch /d/no 2>&1; cat /d/file', 'touch: /d/no: Read-only file system\ncontent\n'],
	['-v WORK/source/file:/etc/one:ro', 'cat /etc/one', 'content\n'],
	['--mount type=bind,src=WORK/source,dst=/d,readonly', 'touch /d/no 2>&1', 'touch: /d/no: Read-only file system\n'],
	[
		'--read-only --tmpfs /t',
		'touch /x 2>&1; touch /t/y /dev/shm/z && echo fine',
		'touch: /x: Read-only file system\nfine\n',
	],
	['-w /new/dir -u 33', 'pwd', '/new/dir\n'],
	['-e EMPTY= -e SET=a=b', 'echo "$EMPTY|$SET"; env | grep -c "^EMPTY=$"', '|a=b\n1\n'],
];

describe('run', () => {
	for (const client of clients) {
		test.each(works)(`${client} run %s`, async (flags, script, output) => {
			const words = flags
				.replaceAll('WORK', engine.work)
				.split(' ')
				.filter((word) => word !== '');
			rmSync(`${engine.work}/source/new`, { force: true });
			const result = await engine[client]('run', '--rm', ...words, busybox, 'sh', '-c', script);
			expect(result.stderr).toBe('');
			if (typeof output === 'string') expect(result.stdout).toBe(output);
			else expect(result.stdout).toMatch(output);
		});
	}
});

/** Flags and command, exit code, message. Nothing may be left of them. */
const refused: readonly (readonly [line: string, code: number, message: RegExp])[] = [
	[`${busybox} no-such`, 127, /exec: "no-such": executable file not found in \$PATH/],
	[`${busybox} ./no-such`, 127, /exec: "\.\/no-such": stat \.\/no-such: no such file or directory/],
	[`${busybox} /etc/passwd`, 126, /exec: "\/etc\/passwd": permission denied/],
	[`${busybox} /etc`, 126, /exec: "\/etc": permission denied/],
	[`-u nobody-here ${busybox} id`, 125, /unable to find user nobody-here: no matching entries in passwd file/],
	[`-u 0:nogroup-here ${busybox} id`, 125, /unable to find group nogroup-here: no matching entries in group file/],
	[`-w relative ${busybox} pwd`, 125, /the working directory 'relative' is invalid, it needs to be an absolute path/],
	[`--mount type=bind,src=/not/there,dst=/x ${busybox} true`, 125, /bind source path does not exist: \/not\/there/],
	[`--mount type=odd,src=/tmp,dst=/x ${busybox} true`, 125, /invalid mount config for type "odd": mount type unknown/],
	[`-v /tmp:relative ${busybox} true`, 125, /mount path must be absolute/],
	[`-v /tmp:/a:odd ${busybox} true`, 125, /invalid mode: odd/],
	[`--memory 5m ${busybox} true`, 125, /Minimum memory limit allowed is 6MB/],
	[
		`--memory 64m --memory-swap 32m ${busybox} true`,
		125,
		/Minimum memoryswap limit should be larger than memory limit/,
	],
	[`--cpus 999 ${busybox} true`, 125, /[Rr]ange of CPUs is from 0.01 to/],
	[`--cap-add NOPE ${busybox} true`, 125, /invalid capability: "CAP_NOPE"|unknown capability/],
	[`--security-opt odd=x ${busybox} true`, 125, /invalid --security-opt/],
	[`--device /dev/not-there ${busybox} true`, 127, /\/dev\/not-there/],
	[`--stop-signal NOPE ${busybox} true`, 125, /[Ii]nvalid signal: NOPE/],
	[`--restart always ${busybox} true`, 125, /[Cc]onflicting options: (cannot specify both )?--restart and --rm/],
	[`--name ,bad ${busybox} true`, 125, /Invalid container name \(,bad\)/],
	[`--env-file /not/there ${busybox} true`, 125, /open \/not\/there: no such file or directory/],
	[`--runtime odd ${busybox} true`, 125, /[Uu]nknown .*odd/],
	[`--network odd ${busybox} true`, 125, /network odd not found/],
	[`--log-opt odd=1 ${busybox} true`, 125, /unknown log opt 'odd' for json-file log driver/],
	[`--pull never not-here ${busybox}`, 125, /No such image: not-here:latest/],
	[`--cidfile /etc/passwd ${busybox} true`, 125, /container ID file found/],
	[`--ulimit odd=1 ${busybox} true`, 125, /invalid ulimit type: odd/],
];

describe('run refuses', () => {
	for (const client of clients) {
		test.each(refused)(`${client} run %s`, async (line, code, message) => {
			const result = await engine[client]('run', '--rm', ...line.split(' '));
			expect(result.stderr).toMatch(message);
			expect(result.code).toBe(code);
			expect(result.stdout).toBe('');
			expect(await engine.ok('ps', '-aq')).toBe('');
		});
	}
});

test('-v makes a directory that is missing', async () => {
	const missing = `${engine.work}/made/by/run`;
	await engine.ok('run', '--rm', '-v', `${missing}:/d`, busybox, 'touch', '/d/x');
	expect(existsSync(`${missing}/x`)).toBe(true);
});

test('--entrypoint "" takes the image’s away', async () => {
	expect(await engine.ok('run', '--rm', '--entrypoint', '', busybox, 'echo', 'x')).toBe('x');
	const nothing = await engine.docker('run', '--rm', '--entrypoint', '', busybox);
	expect(nothing.code).toBe(125);
	expect(nothing.stderr).toMatch(/no command specified/i);
});

test.skipIf(engineKind === 'dockerd')(
	'--privileged has all that the host gives, its devices, a writable /sys',
	async () => {
		const own = /^CapBnd:\t(\w+)$/m.exec(await Bun.file('/proc/self/status').text())?.[1];
		const script =
			'grep CapEff /proc/self/status; ls /dev | wc -l; grep " /sys " /proc/mounts | cut -d" " -f4 | cut -c1-2';
		const [caps, devices, sys] = (await engine.ok('run', '--rm', '--privileged', busybox, 'sh', '-c', script)).split(
			'\n',
		);
		expect(caps).toBe(`CapEff:\t${own}`);
		expect(Number(devices)).toBeGreaterThan(20);
		expect(sys).toBe('rw');
	},
);
