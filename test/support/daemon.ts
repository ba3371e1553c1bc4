import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { busyboxImage, writeDockerArchive } from './image-builder.ts';
import { type Command, firstLines, type RunOptions, type RunResult, run, runSync } from './run.ts';

/** The compiled executable that the tests drive. */
export const gantryProgram = process.env.GANTRY_TEST_PROGRAM ?? join(import.meta.dir, '../../dist/gantry');

/** The image that {@link TestEngine.loadBusybox} loads. */
export const busybox = 'busybox:test';

/** `GANTRY_TEST_ENGINE=dockerd` runs the same tests against the stock engine, to check what they expect. */
export const engineKind: 'gantry' | 'dockerd' = process.env.GANTRY_TEST_ENGINE === 'dockerd' ? 'dockerd' : 'gantry';

/** A daemon in a network namespace and temp directories of its own. */
export interface TestEngine extends AsyncDisposable {
	readonly netns: string;
	/** All of the daemon's directories are below it; the test may put files in `${root}/work`. */
	readonly root: string;
	readonly work: string;
	/** Path of the API socket. */
	readonly socket: string;
	/** What the daemon printed. */
	log(): string;
	pid(): number;
	/** Runs the stock docker CLI in the namespace. */
	docker(...args: string[]): Promise<RunResult>;
	/** The same with stdin, a deadline, a terminal … */
	dockerWith(options: RunOptions, ...args: string[]): Promise<RunResult>;
	/** Runs docker, throws unless it exits with 0, and gives its stdout without the last newline. */
	ok(...args: string[]): Promise<string>;
	/** Runs a docker command that would go on until it has printed so many lines, ends it, and gives them. */
	lines(count: number, ...args: string[]): Promise<string[]>;
	/** Runs our own CLI. */
	gantry(...args: string[]): Promise<RunResult>;
	/** Any program in the daemon's network namespace. */
	inside(...command: string[]): Promise<RunResult>;
	/** A command line for {@link run} or a spawn of one's own, set in the namespace with the API's address. */
	command(...command: string[]): Command;
	/** A request to the API over its socket. */
	api(method: string, path: string, body?: unknown, raw?: string): Promise<{ status: number; text: string }>;
	/** Loads {@link busybox}. */
	loadBusybox(): Promise<void>;
	/** Ends the daemon at once, as a crash would; containers go on. */
	kill9(): Promise<void>;
	/** SIGTERM and waits for its end. */
	stop(): Promise<void>;
	/** Starts it again on the same directories. */
	start(): Promise<void>;
	/** What containers left behind while the daemon runs and none is left: veths, firewall elements. */
	leftovers(): Promise<string[]>;
	/** Removes containers, stops the daemon, removes everything, and throws when something was left behind. */
	close(): Promise<void>;
}

/** Starts a daemon. @throws when it is not ready within 30 s; the message has its log. */
export async function startEngine(options: { readonly args?: readonly string[] } = {}): Promise<TestEngine> {
	const root = mkdtempSync(join(realpathSync(tmpdir()), 'gantry-test-'));
	const netns = root.slice(root.lastIndexOf('/') + 1);
	for (const folder of ['work', 'cli']) mkdirSync(join(root, folder));
	runSync('ip', 'netns', 'add', netns);
	try {
		runSync('nsenter', `--net=/run/netns/${netns}`, 'ip', 'link', 'set', 'lo', 'up');
		const engine = createEngine(root, netns, options.args ?? []);
		await engine.start();
		return engine;
	} catch (error) {
		runSync('ip', 'netns', 'del', netns);
		rmSync(root, { recursive: true, force: true });
		throw error;
	}
}

function daemonCommand(root: string, socket: string, args: readonly string[]): string[] {
	const directories = ['--data-root', `${root}/data`, '--exec-root', `${root}/exec`, '--pidfile', `${root}/pid`];
	const program = engineKind === 'dockerd' ? ['/usr/sbin/dockerd'] : [gantryProgram, 'daemon'];
	return [...program, ...directories, '-H', `unix://${socket}`, ...args];
}

interface Daemon {
	readonly child: ChildProcess;
	readonly exited: Promise<void>;
}

function createEngine(root: string, netns: string, args: readonly string[]): TestEngine {
	const socket = `${root}/docker.sock`;
	const env = { ...process.env, DOCKER_HOST: `unix://${socket}`, DOCKER_CONFIG: `${root}/cli`, TZ: 'UTC' };
	const enter = (command: readonly string[]): Command => ({
		argv: ['nsenter', `--net=/run/netns/${netns}`, ...command],
		env,
	});
	let output = '';
	let daemon: Daemon | null = null;

	const end = async (signal: NodeJS.Signals) => {
		if (daemon === null) return;
		daemon.child.kill(signal);
		await within(30_000, daemon.exited, () => `the daemon did not end on ${signal}:\n${output.slice(-4000)}`);
		daemon = null;
	};

	const engine: TestEngine = {
		netns,
		root,
		socket,
		work: `${root}/work`,
		log: () => output,
		pid: () => daemon?.child.pid ?? 0,
		docker: (...words) => run(enter(['docker', ...words])),
		dockerWith: (options, ...words) => run(enter(['docker', ...words]), options),
		async ok(...words) {
			const result = await engine.docker(...words);
			if (result.code !== 0)
				throw new Error(`docker ${words.join(' ')}: exit ${result.code}\n${result.stdout}${result.stderr}`);
			return result.stdout.replace(/\n$/, '');
		},
		lines: (count, ...words) => firstLines(count, enter(['docker', ...words])),
		gantry: (...words) => run(enter([gantryProgram, ...words])),
		inside: (...command) => run(enter(command)),
		command: (...command) => enter(command),
		async api(method, path, body, raw) {
			const response = await fetch(`http://localhost${path}`, {
				method,
				unix: socket,
				...(body === undefined && raw === undefined
					? {}
					: { body: raw ?? JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
			});
			return { status: response.status, text: await response.text() };
		},
		async loadBusybox() {
			const archive = `${root}/work/busybox.tar`;
			writeDockerArchive(archive, busyboxImage(), busybox);
			await engine.ok('load', '-q', '-i', archive);
		},
		kill9: () => end('SIGKILL'),
		stop: () => end('SIGTERM'),
		async start() {
			const { argv } = enter(daemonCommand(root, socket, args));
			const child = spawn(argv[0] ?? '', argv.slice(1), {
				stdio: ['ignore', 'pipe', 'pipe'],
				env: process.env,
				detached: true,
			});
			const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
			daemon = { child, exited };
			await ready(child, (text) => {
				output += text;
			});
		},
		leftovers: () => leftoversInNetwork(engine),
		close: () => closeEngine(engine, root, netns),
		[Symbol.asyncDispose]: () => engine.close(),
	};
	return engine;
}

/** Resolves at the daemon's own word that its API listens. */
function ready(child: ChildProcess, keep: (text: string) => void): Promise<void> {
	let seen = '';
	return new Promise((resolve, reject) => {
		const deadline = setTimeout(() => reject(new Error(`the daemon is not ready:\n${seen}`)), 30_000);
		const take = (chunk: Buffer) => {
			const text = chunk.toString();
			keep(text);
			if (seen.length < 100_000) seen += text;
			if (!seen.includes('API listen on')) return;
			clearTimeout(deadline);
			resolve();
		};
		child.stdout?.on('data', take);
		child.stderr?.on('data', take);
		child.once('error', reject);
		child.once('exit', (code, signal) => {
			clearTimeout(deadline);
			reject(new Error(`the daemon ended (${code ?? signal}):\n${seen}`));
		});
	});
}

/** Now as the API takes times; Docker's own relative times are cut to seconds. */
export function now(): string {
	return (Date.now() / 1000).toFixed(3);
}

/** The promise, or an error when it takes longer than that many milliseconds. */
export async function within<T>(milliseconds: number, promise: Promise<T>, message: () => string): Promise<T> {
	let timer: ReturnType<typeof setTimeout> | undefined;
	const late = new Promise<never>((_, reject) => {
		timer = setTimeout(() => reject(new Error(message())), milliseconds);
	});
	try {
		return await Promise.race([promise, late]);
	} finally {
		clearTimeout(timer);
	}
}

/** veths and firewall elements. The kernel takes a namespace's veths away a moment after its last process: that is waited for. */
async function leftoversInNetwork(engine: TestEngine): Promise<string[]> {
	const { argv, env } = engine.command('timeout', '3', 'ip', 'monitor', 'link');
	const monitor = Bun.spawn([...argv], { env: env ?? {}, stdout: 'pipe', stderr: 'ignore', stdin: 'ignore' });
	try {
		let links = await vethsOf(engine);
		if (links.length > 0) {
			for await (const _ of monitor.stdout) {
				links = await vethsOf(engine);
				if (links.length === 0) break;
			}
		}
		return [...links, ...(engineKind === 'dockerd' ? [] : await firewallElements(engine))];
	} finally {
		monitor.kill();
		await monitor.exited;
	}
}

async function vethsOf(engine: TestEngine): Promise<string[]> {
	const { stdout } = await engine.inside('ip', '-o', 'link');
	return stdout.split('\n').filter((line) => /veth|@if/.test(line) && !/ outside@/.test(line));
}

async function firewallElements(engine: TestEngine): Promise<string[]> {
	const rules = await engine.inside('nft', '-j', 'list', 'ruleset');
	const { nftables } = JSON.parse(rules.stdout || '{"nftables":[]}') as { nftables: NftItem[] };
	return nftables
		.flatMap((item) => item.map?.elem ?? item.set?.elem ?? [])
		.map((element) => `firewall element ${JSON.stringify(element)}`);
}

interface NftItem {
	readonly map?: { readonly elem?: readonly unknown[] };
	readonly set?: { readonly elem?: readonly unknown[] };
}

async function closeEngine(engine: TestEngine, root: string, netns: string): Promise<void> {
	const problems: string[] = [];
	try {
		if (engine.pid() === 0) await engine.start();
		const ids = (await engine.docker('ps', '-aq', '--no-trunc')).stdout.split('\n').filter((id) => id !== '');
		if (ids.length > 0) {
			const removed = await engine.dockerWith({ timeout: 20_000 }, 'rm', '-fv', ...ids);
			if (removed.code !== 0) problems.push(`rm -f: ${removed.stderr}`);
		}
		const made = (
			await engine.docker(
				'events',
				'--since',
				'1',
				'--until',
				now(),
				'--filter',
				'event=create',
				'--filter',
				'type=container',
				'--format',
				'{{.Actor.ID}}',
			)
		).stdout;
		problems.push(...(await engine.leftovers()));
		await engine.stop();
		problems.push(...cgroupsOf(new Set(made.split('\n').filter((id) => id.length === 64))));
	} catch (error) {
		problems.push(String(error));
		await engine.kill9().catch((late) => problems.push(String(late)));
	}
	problems.push(...cleanUp(root));
	runSync('ip', 'netns', 'del', netns);
	if (existsSync(root)) rmSync(root, { recursive: true, force: true });
	if (problems.length > 0)
		throw new Error(`left behind or went wrong:\n${problems.join('\n')}\ndaemon log:\n${engine.log().slice(-3000)}`);
}

/** Ends processes and unmounts what mentions the root; says what there was. */
function cleanUp(root: string): string[] {
	const problems: string[] = [];
	for (const { pid, why } of processesOf(root)) {
		problems.push(`process ${pid}: ${why}`);
		try {
			process.kill(pid, 'SIGKILL');
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
		}
	}
	const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
		.split('\n')
		.filter((line) => line.split(' ')[4]?.startsWith(root));
	for (const mount of mounts.reverse()) {
		// dockerd leaves the mount of its own namespace.
		if (engineKind === 'gantry') problems.push(`mount ${mount}`);
		runSync('umount', '-l', mount.split(' ')[4] ?? '');
	}
	return problems;
}

/** Processes that name the root in their command line, or live in a mount namespace that is built of it. */
export function processesOf(root: string): { readonly pid: number; readonly why: string }[] {
	const found: { pid: number; why: string }[] = [];
	const own = readIfThere('/proc/self/mountinfo');
	for (const name of readdirSync('/proc')) {
		const pid = Number(name);
		if (!Number.isInteger(pid) || pid === process.pid) continue;
		const line = readIfThere(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');
		if (line.includes(root)) found.push({ pid, why: line });
		else {
			const mounts = readIfThere(`/proc/${pid}/mountinfo`);
			if (mounts !== own && mounts.split('\n')[0]?.includes(root)) found.push({ pid, why: `root in ${root}: ${line}` });
		}
	}
	return found;
}

function readIfThere(path: string): string {
	try {
		return readFileSync(path, 'utf8');
	} catch (error) {
		const code = (error as NodeJS.ErrnoException).code ?? '';
		// A process that just ended.
		if (['ENOENT', 'ESRCH', 'EINVAL', 'EACCES'].includes(code)) return '';
		throw error;
	}
}

function cgroupsOf(ids: ReadonlySet<string>): string[] {
	if (ids.size === 0) return [];
	const find = runSync('find', '/sys/fs/cgroup', '-maxdepth', '5', '-type', 'd');
	return find.stdout
		.split('\n')
		.filter((path) => [...ids].some((id) => path.includes(id)))
		.map((path) => `cgroup ${path}`);
}
