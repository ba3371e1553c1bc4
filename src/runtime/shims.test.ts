import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { cgroupDirectories, killCgroup, removeCgroup } from '../kernel/cgroup.ts';
import type { ByteDuplex } from '../lib/byte-duplex.ts';
import { removeBundle, writeBundle } from './bundle/bundle.ts';
import { execProcess } from './bundle/exec-process.ts';
import { findRuntimes } from './program.ts';
import type { RuntimeProgram, Shim, ShimJob, Shims } from './protocol.ts';
import { createShims, ownProgram } from './shims.ts';
import { buildSpec } from './spec/build.ts';
import { defaultEnv } from './spec/env.ts';
import { readHostFacts } from './spec/host.ts';
import type { SpecInput } from './spec/input.ts';
import type { OciSpec } from './spec/types.ts';

setDefaultTimeout(30_000);

const parent = `/gantry-test-${process.pid}`;
const host = readHostFacts();
let base = '';
let shims: Shims;
let runtime: RuntimeProgram;
let count = 0;

beforeAll(async () => {
	base = mkdtempSync('/dev/shm/gantry-shims-');
	mkdirSync(join(base, 'rootfs/bin'), { recursive: true });
	writeFileSync(join(base, 'rootfs/bin/busybox'), readFileSync('/bin/busybox'), { mode: 0o755 });
	for (const name of ['sh', 'cat', 'sleep', 'stty', 'dd', 'unshare', 'true', 'seq']) {
		symlinkSync('busybox', join(base, 'rootfs/bin', name));
	}
	writeFileSync(join(base, 'rootfs/plain.txt'), 'no program');
	const found = await findRuntimes({ rootDir: join(base, 'rt'), named: [], log: () => {} });
	runtime = found[0]!.program;
	shims = createShims({ ...ownProgram(), runDir: join(base, 'run'), log: () => {} });
	shims.prewarm();
});

afterAll(() => {
	shims.close();
	killCgroup(parent);
	removeCgroup(parent);
	rmSync(base, { recursive: true, force: true });
});

interface Options {
	readonly tty?: boolean;
	readonly stdin?: boolean;
	readonly once?: boolean;
	readonly runtime?: RuntimeProgram;
	readonly cwd?: string;
}

function prepare(args: string[], options: Options = {}): { job: ShimJob; spec: OciSpec } {
	const id = `gt${process.pid}x${count++}`;
	const own = { kind: 'private' } as const;
	const input: SpecInput = {
		...{
			args,
			cwd: options.cwd ?? '/',
			tty: options.tty ?? false,
			consoleSize: [30, 90],
			hostname: 'box',
			domainname: '',
		},
		env: defaultEnv({ env: [], hostname: 'box', tty: false, home: '/' }),
		...{ rootfs: join(base, 'rootfs'), readonlyRootfs: false, mounts: [], shm: { kind: 'private', size: 1 << 20 } },
		...{
			privileged: false,
			capAdd: [],
			capDrop: [],
			noNewPrivileges: false,
			seccomp: { kind: 'default' },
			ulimits: [],
		},
		...{ devices: [], deviceCgroupRules: [], sysctls: {}, oomScoreAdj: 0, maskedPaths: null, readonlyPaths: null },
		...{ annotations: {}, init: null, cgroupPath: `${parent}/${id}` },
		user: { uid: 0, gid: 0, additionalGids: [0] },
		namespaces: { pid: own, ipc: own, uts: own, network: own, cgroup: { kind: 'host' } },
		resources: {
			...{ memory: 0, memorySwap: 0, memoryReservation: 0, nanoCpus: 0, cpuShares: 0, cpuPeriod: 0, cpuQuota: 0 },
			...{ cpusetCpus: '', cpusetMems: '', blkioWeight: 0, pidsLimit: null, oomKillDisable: false },
		},
	};
	const spec = buildSpec(input, host);
	const program = options.runtime ?? runtime;
	const bundle = writeBundle(join(base, 'bundles'), id, spec, program);
	const stateDir = join(base, 'state', id);
	const job: ShimJob = {
		...{ id, bundle, stateDir, socket: join(base, 'run', id), runtime: program, tty: options.tty ?? false },
		...{
			openStdin: options.stdin ?? false,
			stdinOnce: options.once ?? false,
			consoleSize: null,
			cgroupPath: `${parent}/${id}`,
		},
		log: {
			...{
				driver: 'json-file',
				path: join(stateDir, 'log'),
				maxSize: -1,
				maxFiles: 1,
				compress: false,
				attributes: {},
			},
		},
	};
	return { job, spec };
}

async function collect(duplex: ByteDuplex): Promise<Buffer> {
	const parts: Uint8Array[] = [];
	for await (const chunk of duplex.readable) parts.push(chunk);
	return Buffer.concat(parts);
}

function unframe(data: Buffer): { stdout: string; stderr: string } {
	const out = { stdout: '', stderr: '' };
	for (let at = 0; at < data.length; ) {
		const length = data.readUInt32BE(at + 4);
		out[data[at] === 1 ? 'stdout' : 'stderr'] += data.toString('latin1', at + 8, at + 8 + length);
		at += 8 + length;
	}
	return out;
}

const all = { stdin: true, stdout: true, stderr: true };
const outputs = { stdin: false, stdout: true, stderr: true };

async function run(
	args: string[],
	options: Options = {},
): Promise<{ code: number; stdout: string; stderr: string; job: ShimJob }> {
	const { job } = prepare(args, options);
	const shim = await shims.launch(job);
	const output = collect(await shim.attach(outputs));
	await shim.start();
	const { code } = await shim.exited;
	const streams = options.tty ? { stdout: (await output).toString(), stderr: '' } : unframe(await output);
	return { code, ...streams, job };
}

function leftovers(job: ShimJob): string[] {
	const state = existsSync(`${job.runtime.root}/${job.id}`) ? ['runtime state'] : [];
	const socket = existsSync(job.socket) ? ['socket'] : [];
	const processes = readdirSync('/proc').filter((pid) => {
		if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false;
		try {
			return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(job.id);
		} catch {
			return false;
		}
	});
	return [...state, ...socket, ...processes, ...cgroupDirectories(job.cgroupPath)];
}

/** Until nothing is left; what stays for good fails the test by its time limit. No event tells when a killed process has left /proc. */
async function gone(job: ShimJob): Promise<void> {
	while (leftovers(job).length > 0) await Bun.sleep(5);
}

describe('a container', () => {
	test('exit code, both streams, log, and nothing left', async () => {
		const { code, stdout, stderr, job } = await run(['sh', '-c', 'echo out; echo err >&2; exit 7']);
		expect([code, stdout, stderr]).toEqual([7, 'out\n', 'err\n']);
		const log = readFileSync(join(job.stateDir, 'log'), 'utf8').trim().split('\n');
		expect(log.map((line) => JSON.parse(line).log).toSorted()).toEqual(['err\n', 'out\n']);
		await gone(job);
		expect(leftovers(job)).toEqual([]);
		expect(JSON.parse(readFileSync(join(job.stateDir, 'exit.json'), 'utf8'))).toMatchObject({
			code: 7,
			oomKilled: false,
		});
	});

	test('the filter holds, also when it was compiled for an earlier container', async () => {
		for (let round = 0; round < 2; round++) {
			const { code, stderr } = await run(['unshare', '-U', 'true']);
			expect(code).not.toBe(0);
			expect(stderr).toContain('Operation not permitted');
		}
	});

	test('signals', async () => {
		for (const [signal, code] of [
			[9, 137],
			[15, 143],
		] as const) {
			const { job } = prepare(['sh', '-c', 'trap "exit 143" TERM; echo up; while :; do sleep 0.05; done']);
			const shim = await shims.launch(job);
			const client = await shim.attach(outputs);
			const reader = client.readable[Symbol.asyncIterator]();
			await shim.start();
			await reader.next();
			await shim.signal(signal);
			expect((await shim.exited).code).toBe(code);
			client.destroy();
		}
	});

	test('stdin ends with the client that attached to it', async () => {
		const { job } = prepare(['cat'], { stdin: true, once: true });
		const shim = await shims.launch(job);
		const client = await shim.attach(all);
		const output = collect(client);
		await client.write(Buffer.from('early '));
		await shim.start();
		await client.write(Buffer.from('late'));
		client.end();
		expect((await shim.exited).code).toBe(0);
		expect(unframe(await output).stdout).toBe('early late');
	});

	test('without stdinOnce stdin stays open for the next client', async () => {
		const { job } = prepare(['sh', '-c', 'read a; read b; echo $a $b'], { stdin: true });
		const shim = await shims.launch(job);
		await shim.start();
		const first = await shim.attach({ stdin: true, stdout: false, stderr: false });
		await first.write(Buffer.from('one\n'));
		first.end();
		await first.closed;
		const second = await shim.attach(all);
		const output = collect(second);
		await second.write(Buffer.from('two\n'));
		await shim.exited;
		expect(unframe(await output).stdout).toBe('one two\n');
	});

	test('a terminal and its size', async () => {
		const { job } = prepare(['sh', '-c', 'stty size; read x; stty size; exit 3'], { tty: true, stdin: true });
		const shim = await shims.launch(job);
		const client = await shim.attach(all);
		await shim.start();
		let output = '';
		for await (const chunk of client.readable) {
			output += Buffer.from(chunk).toString();
			if (output !== '30 90\r\n') continue;
			await shim.resize({ rows: 33, columns: 99 });
			await client.write(Buffer.from('go\n'));
		}
		expect(output).toBe('30 90\r\ngo\r\n33 99\r\n');
		expect((await shim.exited).code).toBe(3);
	});

	test('large output reaches two clients and the log whole', async () => {
		const { job } = prepare(['seq', '1', '300000']);
		const shim = await shims.launch(job);
		const both = [collect(await shim.attach(outputs)), collect(await shim.attach(outputs))];
		await shim.start();
		await shim.exited;
		const want = Array.from({ length: 300_000 }, (_, index) => `${index + 1}\n`).join('');
		for (const each of both) expect(unframe(await each).stdout === want).toBe(true);
		const logged = readFileSync(join(job.stateDir, 'log'), 'utf8').trim().split('\n');
		expect(logged.map((line) => JSON.parse(line).log).join('') === want).toBe(true);
	});

	test('a client that goes away does not hold the container', async () => {
		const { job } = prepare(['seq', '1', '500000']);
		const shim = await shims.launch(job);
		const client = await shim.attach(outputs);
		await shim.start();
		client.destroy();
		expect((await shim.exited).code).toBe(0);
	});
});

describe('a start that fails', () => {
	const create = 'failed to create task for container: failed to create shim task: OCI runtime create failed:';
	for (const [args, message] of [
		[['nosuch'], 'exec: "nosuch": executable file not found in $PATH: unknown'],
		[['/nosuch'], 'exec: "/nosuch": stat /nosuch: no such file or directory: unknown'],
		[['/plain.txt'], 'exec: "/plain.txt": permission denied: unknown'],
	] as const) {
		test(`${args[0]}: Docker's words, nothing left`, async () => {
			const { job } = prepare([...args]);
			const shim = await shims.launch(job);
			const output = collect(await shim.attach(outputs));
			const error = await shim.start().catch((e) => e);
			expect(error.code).toBe('invalid_argument');
			expect(error.message).toBe(
				`${create} ${runtime.name} create failed: unable to start container process: ${message}`,
			);
			expect((await output).length).toBe(0);
			await gone(job);
			expect(leftovers(job)).toEqual([]);
		});
	}
});

describe('execs', () => {
	const launch = async (): Promise<{ shim: Shim; job: ShimJob; spec: OciSpec }> => {
		const { job, spec } = prepare(['sleep', '100']);
		const shim = await shims.launch(job);
		await shim.start();
		return { shim, job, spec };
	};
	const exec = async ({ shim, spec }: { shim: Shim; spec: OciSpec }, id: string, args: string[], tty = false) => {
		const ask = { args, env: ['X=1'], cwd: '', user: '', tty, privileged: false, consoleSize: [20, 70] as const };
		const process = execProcess(ask, { spec, rootfs: join(base, 'rootfs'), host });
		return shim.exec({ id, process, tty, stdin: true, stdout: true, stderr: true, consoleSize: [20, 70] });
	};

	test('output, stdin, code, terminal; errors in Docker’s words', async () => {
		const container = await launch();
		const { shim } = container;
		const one = await exec(container, 'one', ['sh', '-c', 'cat; echo $X >&2; exit 4']);
		const client = await shim.attach({ ...all, execId: 'one' });
		const output = collect(client);
		await one.start();
		await client.write(Buffer.from('in'));
		client.end();
		expect(await one.exited).toEqual({ code: 4 });
		expect(unframe(await output)).toEqual({ stdout: 'in', stderr: '1\n' });
		// The runtime hands the terminal over while the process starts: it may look before the size is set.
		const look = 'until stty size 2>/dev/null | grep [1-9]; do :; done';
		const two = await exec(container, 'two', ['sh', '-c', look], true);
		const terminal = collect(await shim.attach({ ...all, execId: 'two' }));
		await two.start();
		expect((await two.exited).code).toBe(0);
		expect((await terminal).toString()).toBe('20 70\r\n');
		const bad = await exec(container, 'bad', ['nosuch']);
		const error = await bad.start().catch((e) => e);
		const said = 'unable to start container process: exec: "nosuch": executable file not found in $PATH: unknown';
		expect(error.message).toBe(`OCI runtime exec failed: exec failed: ${said}`);
		await shim.signal(9, { all: true });
		expect((await shim.exited).code).toBe(137);
	});

	test('the end of an exec does not wait for what it left running', async () => {
		const container = await launch();
		const one = await exec(container, 'one', ['sh', '-c', 'sleep 50 & exit 2']);
		const output = collect(await container.shim.attach({ ...outputs, execId: 'one' }));
		await one.start();
		expect((await one.exited).code).toBe(2);
		await output;
		await container.shim.signal(9);
		await container.shim.exited;
	});
});

describe('without its daemon', () => {
	test('a shim lives on when the daemon is killed, and is found again', async () => {
		const { job, spec } = prepare([
			'sh',
			'-c',
			'i=0; while [ $i -lt 40 ]; do echo $i; i=$((i+1)); sleep 0.05; done; exit 6',
		]);
		const ask = {
			args: ['sh', '-c', 'exit 9'],
			env: [],
			cwd: '',
			user: '',
			tty: false,
			privileged: false,
			consoleSize: null,
		};
		const process = execProcess(ask, { spec, rootfs: join(base, 'rootfs'), host });
		const script = join(base, 'daemon.ts');
		const options = { ...ownProgram(), runDir: join(base, 'run2') };
		writeFileSync(
			script,
			`import { createShims } from ${JSON.stringify(join(import.meta.dir, 'shims.ts'))};
			const shims = createShims({ ...${JSON.stringify(options)}, log: console.error });
			const shim = await shims.launch(${JSON.stringify(job)});
			const started = await shim.start();
			const exec = await shim.exec(${JSON.stringify({ id: 'e', process, tty: false, stdin: false, stdout: true, stderr: true, consoleSize: null })});
			await exec.start(); await exec.exited;
			console.log(JSON.stringify(started));
			await new Promise(() => setInterval(() => {}, 1000));`,
		);
		const daemon = Bun.spawn([globalThis.process.execPath, script], { stdio: ['ignore', 'pipe', 'inherit'] });
		const line = await daemon.stdout.getReader().read();
		const started = JSON.parse(Buffer.from(line.value ?? []).toString());
		daemon.kill(9);
		await daemon.exited;
		const found = await shims.reconnect(job.id, job.socket);
		expect(found?.state).toMatchObject({ id: job.id, at: 'running', ...started, exit: null });
		expect(found?.state.execs).toMatchObject([{ id: 'e', code: 9 }]);
		const output = collect(await found!.shim.attach(outputs));
		const exit = await found!.shim.exited;
		expect(exit).toMatchObject({ code: 6, ...started });
		expect(unframe(await output).stdout).toEndWith('38\n39\n');
		const logged = readFileSync(join(job.stateDir, 'log'), 'utf8').trim().split('\n');
		expect(logged.map((each) => JSON.parse(each).log)).toEqual(Array.from({ length: 40 }, (_, n) => `${n}\n`));
		await gone(job);
		expect(await shims.reconnect(job.id, job.socket)).toBeNull();
		expect(leftovers(job)).toEqual([]);
	});

	test('a shim that was never started goes with the connection', async () => {
		const { job } = prepare(['true']);
		const shim = await shims.launch(job);
		expect(existsSync(job.socket)).toBe(true);
		shim.close();
		await gone(job);
		await expect(shim.exited).rejects.toThrow('the shim is gone');
	});

	test('a kill works past a shim that is stopped', async () => {
		const { job } = prepare(['sleep', '100']);
		const shim = await shims.launch(job);
		const { pid } = await shim.start();
		const shimPid = Number(/^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);
		process.kill(shimPid, 'SIGSTOP');
		await shim.signal(9, { all: true });
		expect((await shim.exited).code).toBe(137);
	});
});

test('bundles are removed', () => {
	const { job } = prepare(['true']);
	removeBundle(join(base, 'bundles'), job.id);
	expect(existsSync(job.bundle)).toBe(false);
});
