import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineError } from '../../errors.ts';
import { createEventBus } from '../../events/bus.ts';
import type { ByteDuplex } from '../../lib/byte-duplex.ts';
import { nowNano, timestamp } from '../../lib/time.ts';
import { sha256Digest } from '../../oci/digest.ts';
import type { ExitStatus, RuntimeProgram, Shim, ShimState, Shims } from '../../runtime/protocol.ts';
import { readLog } from '../../store/logs/read-log.ts';
import { openJournal } from '../../store/records/journal.ts';
import { openRecords, type Records } from '../../store/records/records.ts';
import { type Containers, createContainers } from './containers.ts';
import type { StoredHealth } from './health/health.ts';
import { layoutOf } from './layout.ts';
import type { Container, ContainerConfig, HostConfig } from './model.ts';
import { everySupport, plainConfig, plainHostConfig } from './values.test-support.ts';

/** A shim whose container ends on SIGKILL, and on SIGTERM unless it is stubborn. */
class FakeShim implements Shim {
	readonly ended = Promise.withResolvers<ExitStatus>();
	readonly exited = this.ended.promise;
	readonly released = Promise.resolve();
	readonly signals: number[] = [];
	started = false;
	attached = 0;
	constructor(
		readonly id: string,
		readonly behaviour: { stubborn?: boolean; failStart?: string } = {},
		readonly pid = 4242,
	) {
		this.exited.catch(() => undefined);
	}
	async start() {
		if (this.behaviour.failStart !== undefined) throw new EngineError('invalid_argument', this.behaviour.failStart);
		this.started = true;
		return { pid: this.pid, startedAt: timestamp() };
	}
	async attach(): Promise<ByteDuplex> {
		expect(this.started).toBe(false);
		this.attached++;
		return {
			readable: (async function* () {
				yield Buffer.from('out');
			})(),
			write: () => undefined,
			end: () => undefined,
			destroy: () => undefined,
			closed: new Promise(() => undefined),
		};
	}
	async signal(signal: number) {
		this.signals.push(signal);
		if (signal === 9 || (signal === 15 && this.behaviour.stubborn !== true)) this.exit(128 + signal);
	}
	exit(code: number) {
		const now = timestamp();
		this.ended.resolve({ code, oomKilled: false, finishedAt: now, startedAt: now, pid: this.pid });
	}
	async resize() {}
	async exec(): Promise<never> {
		throw new Error('not in this test');
	}
	onOom() {}
	close() {}
}

const config: ContainerConfig = { ...plainConfig, cmd: ['sleep', '9'] };
const hostConfig = plainHostConfig;

interface World {
	containers: Containers;
	records: Records;
	shims: FakeShim[];
	/** What networks and snapshots were asked to hold and let go, in order. */
	log: string[];
	reports: unknown[];
	behaviour: FakeShim['behaviour'];
	found: Map<string, { shim: FakeShim; state: ShimState }>;
	failAttach: boolean;
}

let folder = '';
let world: World;

function open(): World {
	const records = openRecords(join(folder, 'db'));
	const layout = layoutOf(join(folder, 'data'), join(folder, 'run'));
	for (const each of [layout.containersDir, layout.bundlesDir, layout.socketsDir]) mkdirSync(each, { recursive: true });
	const state: Omit<World, 'containers'> = {
		records,
		shims: [],
		log: [],
		reports: [],
		behaviour: {},
		found: new Map(),
		failAttach: false,
	};
	const shims: Shims = {
		async launch(job) {
			const shim = new FakeShim(job.id, state.behaviour);
			state.shims.push(shim);
			return shim;
		},
		reconnect: async (id) => state.found.get(id) ?? null,
		clear: async ({ id }) => {
			state.log.push(`clear ${id.slice(0, 4)}`);
		},
		prewarm: () => undefined,
		close: () => undefined,
	};
	const note = (text: string) => void state.log.push(text);
	const runtime: RuntimeProgram = { name: 'crun', path: '/bin/true', args: [], root: folder };
	const unused = async (): Promise<never> => {
		throw new EngineError('internal', 'no files here');
	};
	const containers = createContainers({
		roots: { folder, lease: unused, describe: () => null },
		trees: { stat: unused, archive: unused, extract: unused, export: unused, layer: unused, changes: unused },
		commits: { commit: unused },
		resolveUser: () => ({ uid: 0, gid: 0 }),
		records: records.collection<Container>('containers'),
		healthRecords: records.collection<StoredHealth>('health', 'process'),
		events: createEventBus(openJournal(records, 1000, nowNano), (error) => state.reports.push(error)),
		images: {
			resolve: async () => ({ id: sha256Digest('a'.repeat(64)), chainId: null, platform: 'linux', config: {} }),
		},
		ancestors: () => new Set(),
		networking: {
			validate: () => undefined,
			async attach({ containerId }) {
				if (state.failAttach) throw new EngineError('conflict', 'port is already allocated');
				note(`attach ${containerId.slice(0, 4)}`);
				return {
					netns: { kind: 'private' },
					endpoints: [],
					ports: [],
					files: { hosts: '', resolvConf: '', hostname: '' },
				};
			},
			release: async (id) => note(`release ${id.slice(0, 4)}`),
			reconcile: async (running) => note(`reconcile ${running.length}`),
		},
		snapshots: {
			create: async () => undefined,
			async mount() {
				return { path: '/nowhere', lower: [], upper: '', work: '' };
			},
			unmount: async (id) => note(`unmount ${id.slice(0, 4)}`),
			remove: async (id) => note(`remove ${id.slice(0, 4)}`),
			describe: () => null,
			usage: async () => ({ own: 0, parents: 0 }),
			reconcile: async () => undefined,
		},
		volumes: {
			bind: async () => [],
			settle: () => undefined,
			holdersOf: () => [],
			populate: async () => undefined,
			unbind: async () => undefined,
		},
		runMounts: {
			open: async () => [],
			close: async () => undefined,
			borrow: async () => ({ mounts: [], async [Symbol.asyncDispose]() {} }),
			reconcile: async () => undefined,
		},
		shims,
		layout,
		runtimes: new Map([['crun', runtime]]),
		defaultRuntime: 'crun',
		defaults: () => ({
			...{ shmSize: 64 * 1024 ** 2, ipcMode: 'private', ulimits: [], noNewPrivileges: false, seccompProfile: '' },
			...{ dns: [], dnsOptions: [], dnsSearch: [], hostGateways: [], init: false, initPath: '' },
		}),
		limits: {
			cpus: 2,
			hostname: 'host',
			defaultCgroupns: 'private',
			defaultNetwork: 'bridge',
			support: everySupport,
		},
		checkSpecifiable: () => undefined,
		writeBundle: async () => undefined,
		processDocument: async () => ({}),
		readLog: (log, query) => readLog(log.format, log.path, query),
		logDefaults: { driver: 'json-file', options: {} },
		applyLimits: async () => undefined,
		killCgroup: async () => note('kill cgroup'),
		processesOf: () => [],
		now: timestamp,
		report: (doing, error) => state.reports.push([doing, error]),
	});
	return Object.assign(state, { containers });
}

beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), 'gantry-containers-'));
	world = open();
});
afterEach(() => {
	expect(world.reports).toEqual([]);
	world.containers.close();
	world.records.close();
	rmSync(folder, { recursive: true });
});

const caller = {};
const never = new AbortController().signal;
async function create(name: string, host: Partial<HostConfig> = {}): Promise<string> {
	const { id } = await world.containers.verbs.create(
		{ name, config, hostConfig: { ...hostConfig, ...host }, endpoints: {}, platform: '' },
		caller,
	);
	return id;
}
const get = (ref: string) => world.containers.queries.get(ref);

describe('a life', () => {
	test('create, start, exit: state, code, everything released', async () => {
		const id = await create('web');
		expect(get('web').state).toEqual({ at: 'created' });
		expect(get(id.slice(0, 6)).hostConfig).toMatchObject({
			networkMode: 'bridge',
			runtime: 'crun',
			shmSize: 67_108_864,
		});
		await world.containers.verbs.start('web', caller);
		expect(get('/web').state).toMatchObject({ at: 'running', pid: 4242 });
		const { result } = await world.containers.verbs.wait('web', 'not-running', never);
		world.shims[0]?.exit(3);
		expect(await result).toEqual({ code: 3, error: null });
		expect(get('web').state).toMatchObject({ at: 'exited', code: 3 });
		expect(world.log).toEqual([`attach ${id.slice(0, 4)}`, `release ${id.slice(0, 4)}`, `unmount ${id.slice(0, 4)}`]);
		await world.containers.verbs.remove('web', { force: false, volumes: false, link: false }, caller);
		expect(() => get('web')).toThrow('No such container: web');
	});

	test('a name in use and an unknown container are told apart', async () => {
		await create('web');
		await expect(create('web')).rejects.toMatchObject({
			code: 'conflict',
			message: expect.stringContaining('is already in use'),
		});
		await expect(world.containers.verbs.start('nope', caller)).rejects.toMatchObject({ code: 'not_found' });
	});

	test('starting twice is not modified; stopping twice too', async () => {
		await create('web');
		await world.containers.verbs.start('web', caller);
		await expect(world.containers.verbs.start('web', caller)).rejects.toMatchObject({ code: 'not_modified' });
		await world.containers.verbs.stop('web', { timeout: 5, signal: null }, caller);
		expect(get('web').state).toMatchObject({ at: 'exited', code: 143 });
		await expect(world.containers.verbs.stop('web', { timeout: 5, signal: null }, caller)).rejects.toMatchObject({
			code: 'not_modified',
		});
	});

	test('a stubborn one is killed after its time', async () => {
		world.behaviour = { stubborn: true };
		await create('web');
		await world.containers.verbs.start('web', caller);
		await world.containers.verbs.stop('web', { timeout: 0, signal: 'INT' }, caller);
		expect(world.shims[0]?.signals).toEqual([2, 9]);
		expect(get('web').state).toMatchObject({ at: 'exited', code: 137 });
	});

	test('a running one is removed by force only', async () => {
		await create('web');
		await world.containers.verbs.start('web', caller);
		await expect(
			world.containers.verbs.remove('web', { force: false, volumes: false, link: false }, caller),
		).rejects.toMatchObject({
			code: 'conflict',
			message:
				'cannot remove container "/web": container is running: stop the container before removing or force remove',
		});
		const { result } = await world.containers.verbs.wait('web', 'removed', never);
		await world.containers.verbs.remove('web', { force: true, volumes: false, link: false }, caller);
		expect(await result).toEqual({ code: 137, error: null });
		expect(readdirSync(join(folder, 'data', 'containers'))).toEqual([]);
	});

	test('auto-remove takes it away after its exit', async () => {
		await create('web', { autoRemove: true });
		const { result } = await world.containers.verbs.wait('web', 'removed', never);
		await world.containers.verbs.start('web', caller);
		world.shims[0]?.exit(0);
		expect(await result).toEqual({ code: 0, error: null });
		expect(() => get('web')).toThrow();
	});
});

describe('failures to start', () => {
	test('a command that is not there: 127, released, an attached client let go', async () => {
		world.behaviour = { failStart: 'exec: "nope": executable file not found in $PATH: unknown' };
		await create('web');
		const options = { stdin: false, stdout: true, stderr: true, logs: false, stream: true, detachKeys: '' };
		const attachment = await world.containers.streams.attach('web', options, caller);
		const client = fakeClient();
		const piped = attachment.pipe(client.duplex);
		await expect(world.containers.verbs.start('web', caller)).rejects.toMatchObject({ code: 'invalid_argument' });
		await piped;
		expect(client.ended()).toBe(true);
		expect(get('web').state).toMatchObject({ at: 'created', code: 127 });
		expect(world.log.filter((line) => line.startsWith('release'))).toHaveLength(1);
	});

	test('with auto-remove it goes, and whoever waits for that hears', async () => {
		world.behaviour = { failStart: 'exec: "nope": executable file not found in $PATH: unknown' };
		await create('web', { autoRemove: true });
		const { result } = await world.containers.verbs.wait('web', 'removed', never);
		await expect(world.containers.verbs.start('web', caller)).rejects.toMatchObject({ code: 'invalid_argument' });
		expect(await result).toMatchObject({ code: 127 });
		expect(() => get('web')).toThrow('No such container');
	});

	test('a port that is taken leaves nothing half-started', async () => {
		world.failAttach = true;
		await create('web');
		await expect(world.containers.verbs.start('web', caller)).rejects.toMatchObject({ code: 'conflict' });
		expect(world.log.map((line) => line.split(' ')[0])).toEqual(['release', 'unmount']);
		world.failAttach = false;
		await world.containers.verbs.start('web', caller);
		expect(get('web').state.at).toBe('running');
	});
});

describe('attach', () => {
	test('a client that attached before the start is connected before the process runs', async () => {
		await create('web');
		const options = { stdin: false, stdout: true, stderr: true, logs: false, stream: true, detachKeys: '' };
		const attachment = await world.containers.streams.attach('web', options, caller);
		const client = fakeClient();
		const piped = attachment.pipe(client.duplex);
		await world.containers.verbs.start('web', caller);
		await piped;
		expect(client.text()).toBe('out');
	});
});

describe('restart policy', () => {
	test('starts it again, counts, and a stop ends that', async () => {
		await create('web', { restartPolicy: { name: 'always', maximumRetryCount: 0 } });
		await world.containers.verbs.start('web', caller);
		const next = await world.containers.verbs.wait('web', 'next-exit', never);
		world.shims[0]?.exit(1);
		await next.result;
		expect(get('web').state).toMatchObject({ at: 'exited', restarting: true });
		await world.containers.verbs.stop('web', { timeout: 1, signal: null }, caller);
		expect(get('web').state).toMatchObject({ at: 'exited', restarting: false });
		expect(world.shims).toHaveLength(1);
	});
});

describe('controls', () => {
	test('a frozen container is thawed by what signals it', async () => {
		await create('web');
		await world.containers.verbs.start('web', caller);
		await world.containers.controls.pause('web', caller);
		expect(get('web').state).toMatchObject({ at: 'paused', pid: 4242 });
		await expect(world.containers.controls.pause('web', caller)).rejects.toMatchObject({ code: 'conflict' });
		await expect(world.containers.verbs.start('web', caller)).rejects.toMatchObject({ code: 'conflict' });
		await world.containers.verbs.stop('web', { timeout: 5, signal: null }, caller);
		expect(get('web').state).toMatchObject({ at: 'exited', code: 143 });
	});
	test('rename moves the name', async () => {
		const id = await create('web');
		await create('other');
		await expect(world.containers.controls.rename('web', 'other', caller)).rejects.toMatchObject({ code: 'conflict' });
		await world.containers.controls.rename('web', '/app', caller);
		expect(get('app').id).toBe(id);
		expect(() => get('web')).toThrow('No such container');
		await create('web');
	});
});

describe('a new daemon', () => {
	const reopen = (prepare: (next: World) => void): Promise<void> => {
		world.containers.close();
		world.records.close();
		world = open();
		prepare(world);
		return world.containers.reconcile();
	};

	test('takes over what runs, records what ended meanwhile, and finishes what was begun', async () => {
		const running = await create('running');
		const ended = await create('ended');
		const lost = await create('lost');
		const unrecorded = await create('unrecorded');
		for (const name of ['running', 'ended', 'lost']) await world.containers.verbs.start(name, caller);
		mkdirSync(join(folder, 'data', 'containers', 'f'.repeat(64)));
		writeFileSync(
			join(folder, 'data', 'containers', ended, 'exit.json'),
			JSON.stringify({ code: 7, oomKilled: false, startedAt: timestamp(), finishedAt: timestamp(), pid: 1 }),
		);
		const state = (id: string): ShimState => ({
			id,
			at: 'running',
			pid: 4242,
			startedAt: timestamp(),
			oomKilled: false,
			exit: null,
			execs: [],
		});
		await reopen((next) => {
			for (const id of [running, unrecorded]) next.found.set(id, { shim: new FakeShim(id), state: state(id) });
		});
		expect(get('running').state.at).toBe('running');
		expect(get('ended').state).toMatchObject({ at: 'exited', code: 7 });
		expect(get('lost').state).toMatchObject({ at: 'exited', code: 255 });
		expect(get('unrecorded').state).toMatchObject({ at: 'running', pid: 4242 });
		expect(world.log).toContain('reconcile 2');
		expect(world.log).toContain(`clear ${lost.slice(0, 4)}`);
		expect(readdirSync(join(folder, 'data', 'containers')).sort()).toEqual(
			[running, ended, lost, unrecorded].filter((id) => id !== unrecorded).sort(),
		);
		world.found.get(running)?.shim.exit(5);
		const { result } = await world.containers.verbs.wait('running', 'not-running', never);
		expect(await result).toEqual({ code: 5, error: null });
		expect(lost).not.toBe(running);
	});

	test('starts what the policy wants', async () => {
		await create('web', { restartPolicy: { name: 'always', maximumRetryCount: 0 } });
		await world.containers.verbs.start('web', caller);
		await world.containers.verbs.stop('web', { timeout: 1, signal: null }, caller);
		const started = Promise.withResolvers<void>();
		await reopen((next) => {
			const push = next.shims.push.bind(next.shims);
			next.shims.push = (...shims) => {
				started.resolve();
				return push(...shims);
			};
		});
		await started.promise;
		expect(world.shims).toHaveLength(1);
	});
});

function fakeClient(): { duplex: ByteDuplex; text: () => string; ended: () => boolean } {
	let text = '';
	let ended = false;
	const closed = Promise.withResolvers<void>();
	return {
		text: () => text,
		ended: () => ended,
		duplex: {
			readable: (async function* (): AsyncIterable<Uint8Array> {})(),
			write(chunk) {
				text += Buffer.from(chunk).toString();
			},
			end() {
				ended = true;
				closed.resolve();
			},
			destroy: () => closed.resolve(),
			closed: closed.promise,
		},
	};
}
