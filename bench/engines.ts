import { type ChildProcess, spawn } from 'node:child_process';
import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	realpathSync,
	rmSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gantryProgram, processesOf, within } from '../test/support/daemon.ts';
import { type Command, type RunResult, run, runSync } from '../test/support/run.ts';

/** One engine with one client, as the benchmark drives it. */
export interface BenchEngine {
	readonly name: string;
	/** The client's program with its fixed arguments. */
	readonly client: readonly string[];
	/** A command line in the engine's namespace. */
	command(...argv: string[]): Command;
	/** Runs the client. @throws when it fails. */
	call(...args: string[]): Promise<string>;
	/** Starts the daemon and gives the milliseconds until its API answered; null: it runs. */
	startDaemon(): Promise<number | null>;
	stopDaemon(): Promise<void>;
	/** Process ids of the daemon and containerd, without those that belong to a container. */
	daemonPids(): number[];
	/** Process ids that keep one container: shims and the like. */
	keeperPids(): number[];
	/** Two names for the same daemon share it. */
	readonly daemon: Kind;
	readonly socket: string;
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

type Kind = 'gantry' | 'dockerd' | 'podman';

/** Engine programs that must be there, and what it is called when they are not. */
const programs: Record<Kind, string> = {
	gantry: gantryProgram,
	dockerd: '/usr/sbin/dockerd',
	podman: '/usr/bin/podman',
};

/** Why an engine cannot be measured here; null when it can. */
export function missing(kind: Kind): string | null {
	return existsSync(programs[kind]) ? null : `${programs[kind]} is not installed`;
}

function daemonArguments(kind: Kind, { root, socket }: Place): string[] {
	if (kind === 'podman') return podmanArguments(root, socket);
	const directories = ['--data-root', `${root}/data`, '--exec-root', `${root}/exec`, '--pidfile', `${root}/pid`];
	return [programs[kind], ...(kind === 'gantry' ? ['daemon'] : []), ...directories, '-H', `unix://${socket}`];
}

/** podman has no daemon of its own, but serves the same API for the same client. */
function podmanArguments(root: string, socket: string): string[] {
	const roots = ['--root', `${root}/data`, '--runroot', `${root}/run`, '--tmpdir', `${root}/tmp`];
	const settings = ['--cgroup-manager', 'cgroupfs', '--events-backend', 'file', '--storage-driver', 'overlay'];
	return [programs.podman, ...roots, ...settings, 'system', 'service', '--time', '0', `unix://${socket}`];
}

/**
 * podman asks for higher limits than its own by default, which needs CAP_SYS_RESOURCE: root in a container often lacks
 * it, and crun fails then. The limits here are what every process may have.
 */
function writePodmanSettings(root: string): Record<string, string> {
	const containers = `${root}/containers.conf`;
	const registries = `${root}/registries.conf`;
	writeFileSync(
		containers,
		`[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]\n[engine]\nruntime = "crun"\n`,
	);
	writeFileSync(registries, `[[registry]]\nlocation = "127.0.0.1"\ninsecure = true\n`);
	return { CONTAINERS_CONF: containers, CONTAINERS_REGISTRIES_CONF: registries };
}

/** An engine's daemon, to be shared by several clients. */
export class DaemonPlace {
	private readonly place: Place;
	private readonly settings: Record<string, string>;
	private child: ChildProcess | null = null;
	private exited: Promise<void> = Promise.resolve();

	constructor(readonly kind: Kind) {
		this.place = makePlace(kind);
		this.settings = kind === 'podman' ? writePodmanSettings(this.place.root) : {};
	}

	get socket(): string {
		return this.place.socket;
	}

	command(...argv: string[]): Command {
		const { netns, socket, root } = this.place;
		const env = { ...process.env, ...this.settings, DOCKER_HOST: `unix://${socket}`, DOCKER_CONFIG: `${root}/cli` };
		return { argv: ['nsenter', `--net=/run/netns/${netns}`, ...argv], env };
	}

	/** Milliseconds until the API answers; null when it runs already. */
	async start(): Promise<number | null> {
		if (this.child !== null) return null;
		const { argv, env } = this.command(...daemonArguments(this.kind, this.place));
		const before = performance.now();
		const child = spawn(argv[0] ?? '', argv.slice(1), { stdio: ['ignore', 'pipe', 'pipe'], env });
		this.child = child;
		let log = '';
		const take = (chunk: Buffer) => {
			if (log.length < 50_000) log += chunk.toString();
		};
		child.stdout?.on('data', take);
		child.stderr?.on('data', take);
		let ended = false;
		this.exited = new Promise((resolve) =>
			child.once('exit', () => {
				ended = true;
				resolve();
			}),
		);
		// The only sign that all engines give alike.
		while (!(await this.answers())) {
			if (ended || performance.now() - before > 60_000)
				throw new Error(`${this.kind} is not ready:\n${log.slice(-2000)}`);
			await Bun.sleep(2);
		}
		return performance.now() - before;
	}

	/** Whether the API answers a ping. */
	async answers(): Promise<boolean> {
		if (!existsSync(this.place.socket)) return false;
		try {
			return (await fetch('http://localhost/_ping', { unix: this.place.socket })).ok;
		} catch {
			return false;
		}
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

	/** Shims, containerd's shims, conmons. */
	keeperPids(): number[] {
		return processesOf(this.place.root)
			.map(({ pid }) => pid)
			.filter((pid) => pid !== this.child?.pid && /shim|conmon/.test(commandLineOf(pid)));
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
		daemon: place.kind,
		socket: place.socket,
		command: (...argv) => place.command(...argv),
		call: (...args) => mustRun(place.command(...client, ...args), `${name}: ${args.join(' ')}`),
		startDaemon: () => place.start(),
		stopDaemon: () => place.stop(),
		daemonPids: () => place.daemonPids(),
		keeperPids: () => place.keeperPids(),
		close: () => place.close(),
	};
}
