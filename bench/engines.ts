import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gantryProgram, processesOf, within } from '../test/support/daemon.ts';
import { type Command, type RunResult, run, runSync } from '../test/support/run.ts';

/** One engine with one client, as the benchmark drives it. */
export interface BenchEngine {
	readonly name: string;
	/** The client's program with its fixed arguments. */
	readonly client: readonly string[];
	/** Words to add behind `run` and `create`. */
	readonly runFlags: readonly string[];
	/** A command line in the engine's namespace. */
	command(...argv: string[]): Command;
	/** Runs the client. @throws when it fails. */
	call(...args: string[]): Promise<string>;
	/** Starts the daemon and gives the milliseconds until its API answered; null: it has none. */
	startDaemon(): Promise<number | null>;
	stopDaemon(): Promise<void>;
	/** Process ids of the daemon (and containerd), without those of containers. */
	daemonPids(): number[];
	/** Process ids that keep one container: shims and the like. */
	keeperPids(): number[];
	/** Two names for the same daemon share it. */
	readonly daemon: string;
	close(): Promise<void>;
}

interface Place {
	readonly root: string;
	readonly netns: string;
	readonly socket: string;
}

function makePlace(kind: string): Place {
	const root = mkdtempSync(join(realpathSync(tmpdir()), `gantry-bench-${kind}-`));
	const netns = root.slice(root.lastIndexOf('/') + 1);
	mkdirSync(join(root, 'cli'));
	runSync('ip', 'netns', 'add', netns);
	runSync('nsenter', `--net=/run/netns/${netns}`, 'ip', 'link', 'set', 'lo', 'up');
	return { root, netns, socket: `${root}/docker.sock` };
}

/** Ends what is left, unmounts, deletes. */
function clearPlace({ root, netns }: Place): void {
	for (const { pid } of processesOf(root)) {
		try {
			process.kill(pid, 'SIGKILL');
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
		}
	}
	const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
		.split('\n')
		.map((line) => line.split(' ')[4] ?? '');
	for (const mount of mounts.filter((path) => path.startsWith(root)).reverse()) runSync('umount', '-l', mount);
	runSync('ip', 'netns', 'del', netns);
	rmSync(root, { recursive: true, force: true });
}

async function mustRun(command: Command, what: string): Promise<string> {
	const result: RunResult = await run(command, { timeout: 180_000 });
	if (result.code !== 0) throw new Error(`${what}: exit ${result.code}\n${result.stdout}${result.stderr}`);
	return result.stdout.trim();
}

/** Gantry's or Docker's daemon, to be shared by several clients. */
export class DaemonPlace {
	private readonly place: Place;
	private child: ChildProcess | null = null;
	private exited: Promise<void> = Promise.resolve();
	private readonly program: readonly string[];

	constructor(readonly kind: 'gantry' | 'dockerd') {
		this.place = makePlace(kind);
		this.program = kind === 'gantry' ? [gantryProgram, 'daemon'] : ['/usr/sbin/dockerd'];
	}

	command(...argv: string[]): Command {
		const { netns, socket, root } = this.place;
		const env = { ...process.env, DOCKER_HOST: `unix://${socket}`, DOCKER_CONFIG: `${root}/cli` };
		return { argv: ['nsenter', `--net=/run/netns/${netns}`, ...argv], env };
	}

	/** Milliseconds until the API answers. */
	async start(): Promise<number | null> {
		if (this.child !== null) return null;
		const { root, socket } = this.place;
		const flags = [
			'--data-root',
			`${root}/data`,
			'--exec-root',
			`${root}/exec`,
			'--pidfile',
			`${root}/pid`,
			'-H',
			`unix://${socket}`,
		];
		const { argv } = this.command(...this.program, ...flags);
		const before = performance.now();
		const child = spawn(argv[0] ?? '', argv.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
		this.child = child;
		this.exited = new Promise((resolve) => child.once('exit', () => resolve()));
		let log = '';
		const listens = new Promise<void>((resolve) => {
			const take = (chunk: Buffer) => {
				if (log.length < 50_000) log += chunk.toString();
				if (log.includes('API listen on')) resolve();
			};
			child.stdout?.on('data', take);
			child.stderr?.on('data', take);
		});
		const ended = this.exited.then(() => Promise.reject(new Error(`${this.kind} ended:\n${log.slice(-2000)}`)));
		ended.catch(() => {});
		await within(60_000, Promise.race([listens, ended]), () => `${this.kind} is not ready:\n${log.slice(-2000)}`);
		return performance.now() - before;
	}

	async stop(): Promise<void> {
		if (this.child === null) return;
		this.child.kill('SIGTERM');
		await within(60_000, this.exited, () => `${this.kind} does not end`);
		this.child = null;
	}

	daemonPids(): number[] {
		const pid = this.child?.pid;
		return pid === undefined ? [] : [pid, ...childrenOf(pid).filter((child) => /containerd$/.test(nameOf(child)))];
	}

	keeperPids(): number[] {
		const { root } = this.place;
		return processesOf(root)
			.map(({ pid }) => pid)
			.filter((pid) => /shim/.test(commandLineOf(pid)) && !/ daemon /.test(commandLineOf(pid)));
	}

	async close(): Promise<void> {
		try {
			await this.stop();
		} finally {
			clearPlace(this.place);
		}
	}
}

function commandLineOf(pid: number): string {
	try {
		return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
	} catch {
		return '';
	}
}

const nameOf = (pid: number): string => commandLineOf(pid).split(' ')[0] ?? '';

function childrenOf(parent: number): number[] {
	return readdirSync('/proc')
		.map(Number)
		.filter((pid) => {
			if (!Number.isInteger(pid) || !existsSync(`/proc/${pid}/stat`)) return false;
			try {
				const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
				return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === parent;
			} catch {
				return false;
			}
		});
}

/** A client of a daemon. */
export function daemonEngine(name: string, place: DaemonPlace, client: readonly string[]): BenchEngine {
	return {
		name,
		client,
		runFlags: [],
		daemon: place.kind,
		command: (...argv) => place.command(...argv),
		call: (...args) => mustRun(place.command(...client, ...args), `${name}: ${args.join(' ')}`),
		startDaemon: () => place.start(),
		stopDaemon: () => place.stop(),
		daemonPids: () => place.daemonPids(),
		keeperPids: () => place.keeperPids(),
		close: () => place.close(),
	};
}

/** podman, which has no daemon; null when it is not installed. */
export function podmanEngine(): BenchEngine | null {
	if (!existsSync('/usr/bin/podman')) return null;
	const place = makePlace('podman');
	const { root, netns } = place;
	const roots = ['--root', `${root}/data`, '--runroot', `${root}/run`, '--tmpdir', `${root}/tmp`];
	const client = [
		'podman',
		...roots,
		'--runtime',
		'crun',
		'--cgroup-manager',
		'cgroupfs',
		'--events-backend',
		'file',
		'--log-level',
		'error',
	];
	const command = (...argv: string[]): Command => ({
		argv: ['nsenter', `--net=/run/netns/${netns}`, ...argv],
		env: process.env,
	});
	return {
		name: 'podman',
		client,
		// Root here may lack CAP_SYS_RESOURCE: podman asks for limits above its own otherwise.
		runFlags: ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1000:1000', '--log-driver', 'k8s-file'],
		daemon: 'podman',
		command,
		call: (...args) => mustRun(command(...client, ...args), `podman ${args.join(' ')}`),
		startDaemon: async () => null,
		stopDaemon: async () => {},
		daemonPids: () => [],
		keeperPids: () =>
			processesOf(root)
				.map(({ pid }) => pid)
				.filter((pid) => /conmon$/.test(nameOf(pid))),
		close: async () => {
			await run(command(...client, 'rm', '-fa', '-t', '0'), { timeout: 60_000 });
			clearPlace(place);
		},
	};
}
