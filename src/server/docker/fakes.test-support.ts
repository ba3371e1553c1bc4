import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Container } from '../../engine/containers/model.ts';
import { plainMount } from '../../engine/containers/mounts/mount-request.ts';
import type { Attachment, AttachOptions, CreateRequest, WaitResult } from '../../engine/containers/service.ts';
import type { Image, Progress } from '../../engine/images/service.ts';
import type { VolumeView } from '../../engine/volumes/service.ts';
import { EngineError } from '../../errors.ts';
import { createEventBus, type Journal } from '../../events/bus.ts';
import type { Event } from '../../events/types.ts';
import type { ByteDuplex } from '../../lib/byte-duplex.ts';
import { createLogger } from '../../lib/logger.ts';
import { sha256Digest } from '../../oci/digest.ts';
import { parseCreateRequest } from './containers/create/create-request.ts';
import type { DockerServices } from './routes.ts';
import { createDockerServer, type DockerServer } from './server.ts';

/** A container that runs, for reading. */
export function sampleContainer(over: Partial<Container> = {}): Container {
	const request = parseCreateRequest(
		{
			Image: 'alpine',
			Cmd: ['sh', '-c', 'echo a b'],
			ExposedPorts: { '80/tcp': {}, '81/tcp': {} },
			HostConfig: { PortBindings: { '80/tcp': [{ HostPort: '8080' }] }, Binds: ['/tmp:/t:ro'] },
		},
		'web',
		'',
		'1.51',
	);
	return {
		id: 'ab'.repeat(32),
		name: 'web',
		createdAt: '2024-05-01T10:00:00.000000001Z',
		imageId: sha256Digest('12'.repeat(32)),
		imageChainId: null,
		platform: 'linux/amd64',
		config: request.config,
		hostConfig: request.hostConfig,
		path: 'sh',
		args: ['-c', 'echo a b'],
		mountPoints: [
			{
				type: 'bind',
				name: '',
				source: '/tmp',
				destination: '/t',
				driver: '',
				mode: 'ro',
				rw: false,
				propagation: 'rprivate',
				request: { ...plainMount, type: 'bind', source: '/tmp', target: '/t' },
				copyUp: false,
				image: null,
			},
		],
		links: [],
		endpointRequests: {},
		endpoints: [
			{
				networkId: 'cd'.repeat(32),
				networkName: 'bridge',
				endpointId: 'ef'.repeat(32),
				ipv4: '172.17.0.2',
				prefixLength: 16,
				gateway: '172.17.0.1',
				macAddress: '02:42:ac:11:00:02',
				request: { aliases: [], ipv4: '', ipv6: '', macAddress: '', driverOpts: {} },
			},
		],
		ports: [{ containerPort: 80, protocol: 'tcp', hostIp: '0.0.0.0', hostPort: 8080 }],
		state: { at: 'running', pid: 42, startedAt: new Date(Date.now() - 300_500).toISOString() },
		restartCount: 0,
		manuallyStopped: false,
		hasBeenStarted: true,
		...over,
	};
}

/** A journal in memory. */
export function memoryJournal(): Journal {
	const stored: Event[] = [];
	return {
		append(event) {
			const entry = {
				...event,
				sequence: stored.length + 1,
				timeNano: 1_700_000_000_000_000_123n + BigInt(stored.length),
			};
			stored.push(entry);
			return entry;
		},
		read: ({ after, since = 0n, until = 2n ** 63n, limit }) =>
			stored.filter((e) => e.sequence > after && e.timeNano >= since && e.timeNano <= until).slice(0, limit),
		head: () => stored.length,
		transaction: (body) => body(),
	};
}

/** What the fakes saw and what they are told to do. */
export interface FakeWorld {
	readonly services: DockerServices;
	readonly created: CreateRequest[];
	readonly calls: string[];
	readonly attaches: AttachOptions[];
	/** How an attachment treats its client; echo at first. */
	pipe: (client: ByteDuplex) => Promise<void>;
	exit: (result: WaitResult) => void;
	waitSignal: AbortSignal | undefined;
	progress: () => AsyncIterable<Progress>;
	tty: boolean;
	/** Resolves when the next attachment ended. */
	ended: Promise<void>;
	logLines: string[];
}

/** Sends back what comes; at its end a last word. */
export async function echo(client: ByteDuplex): Promise<void> {
	for await (const chunk of client.readable) await client.write(chunk);
	await client.write(new TextEncoder().encode('<eof>'));
	client.end();
}

const unknown = (ref: string) => new EngineError('not_found', `No such container: ${ref}`);

/** Small fakes of the engine. */
export function fakeWorld(): FakeWorld {
	const container = sampleContainer();
	const image: Image = {
		id: container.imageId,
		chainId: null,
		config: { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] } },
		manifestDigest: null,
		tags: ['alpine:latest'],
		repoDigests: [],
		createdAt: '2024-01-01T00:00:00Z',
		lastTaggedAt: null,
		parentId: null,
		size: 5,
		layers: [],
	};
	let exited = Promise.withResolvers<WaitResult>();
	const find = (ref: string) => {
		if (ref !== 'web' && !container.id.startsWith(ref)) throw unknown(ref);
		return container;
	};
	const attachment = (): Attachment => {
		const ended = Promise.withResolvers<void>();
		world.ended = ended.promise;
		return {
			tty: world.tty,
			async pipe(client) {
				try {
					await world.pipe(client);
				} finally {
					ended.resolve();
				}
			},
			cancel: ended.resolve,
		};
	};
	const verb = (name: string) => async (ref: string) => {
		world.calls.push(`${name} ${find(ref).name}`);
	};
	const notFoundImage = (ref: string) => new EngineError('not_found', `No such image: ${ref}`);
	const unused = async (): Promise<never> => {
		throw new EngineError('internal', 'no files here');
	};
	const services: DockerServices = {
		files: { stat: unused, archive: unused, extract: unused, changes: unused, export: unused, commit: unused },
		containers: {
			async create(request) {
				world.created.push(request);
				return { id: container.id, warnings: [] };
			},
			async start(ref) {
				if (ref === 'running') throw new EngineError('not_modified', 'already started');
				if (ref === 'bug') throw new TypeError('boom');
				await verb('start')(ref);
			},
			stop: verb('stop'),
			restart: verb('restart'),
			kill: verb('kill'),
			remove: verb('remove'),
			async wait(ref, _condition, signal) {
				find(ref);
				world.waitSignal = signal;
				return { result: exited.promise };
			},
		},
		streams: {
			async attach(ref, options) {
				find(ref);
				world.attaches.push(options);
				return attachment();
			},
			async logs(ref, options, signal) {
				find(ref);
				const output = async function* () {
					yield new TextEncoder().encode('line\n');
					if (options.follow) {
						await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
						world.calls.push('logs aborted');
					}
				};
				return { tty: world.tty, output: output() };
			},
			async resize(ref, size) {
				world.calls.push(`resize ${find(ref).name} ${size.rows}x${size.columns}`);
			},
		},
		queries: {
			get: find,
			list: () => [container],
			size: async () => ({ rw: 1, rootFs: 2 }),
			paths: () => ({ log: '/l', hosts: '/h', resolvConf: '/r', hostname: '/n', sandboxKey: '/s', graph: null }),
			execIds: () => [],
			linksOf: () => ({ links: [], names: [] }),
			health: () => null,
		},
		statistics: {
			async *read(ref) {
				const { id, name } = find(ref);
				yield { id, name, sample: null, previous: null };
			},
		},
		controls: {
			async update() {
				return [];
			},
			pause: async (ref) => void find(ref),
			unpause: async (ref) => void find(ref),
			rename: async (ref) => void find(ref),
			top: async (ref) => ({ titles: ['PID', 'CMD'], processes: [['1', find(ref).path]] }),
		},
		volumes: {
			create: async ({ name, labels }) => fakeVolume(name, labels),
			get: (name) => fakeVolume(name, {}),
			list: () => [fakeVolume('data', {})],
			remove: async () => {},
			prune: async () => ({ removed: ['data'], reclaimed: 7 }),
		},
		execs: {
			create: async (ref) => find(ref).id,
			start: async (_id, options) => (options.detach ? null : attachment()),
			inspect: (id) => {
				throw new EngineError('not_found', `No such exec instance: ${id}`);
			},
			resize: async () => {},
		},
		images: {
			async get(ref) {
				if (ref === 'alpine' || ref === 'host:5000/a/b:1') return image;
				throw notFoundImage(ref);
			},
			list: async () => [image],
			async tag(ref, repository, tag) {
				world.calls.push(`tag ${ref} ${repository} ${tag}`);
			},
			remove: async (ref) => [{ untagged: ref }, { deleted: image.id }],
			history: async () => [],
			sharedSizes: () => new Map(),
			summary: () => ({ count: 1, layersSize: 5 }),
		},
		imageSources: {
			pull: () => world.progress(),
			async *load(tar) {
				let size = 0;
				for await (const chunk of tar) size += chunk.length;
				yield { kind: 'stream', text: `Loaded ${size}\n` };
			},
			import: () => world.progress(),
		},
		networks: {
			get: (ref) => {
				throw new EngineError('not_found', `network ${ref} not found`);
			},
			list: () => [],
			members: () => [],
		},
		diskUsage: {
			containers: async () => [{ container, size: { rw: 1, rootFs: 2 } }],
			volumes: async () => [{ volume: fakeVolume('data', {}), size: 7, references: 1 }],
		},
		pruning: {
			guarded: (_kind, _caller, prune) => prune(),
			containers: async () => ({ removed: [container.id], reclaimed: 1 }),
			images: async () => ({ removals: [{ deleted: image.id }], reclaimed: 5 }),
			networks: async () => ({ removed: [], reclaimed: 0 }),
			buildCache: async () => ({ removed: [], reclaimed: 0 }),
		},
		registryLogin: async () => ({ identityToken: '' }),
		system: {
			facts: () => ({
				id: 'id',
				name: 'host',
				version: '0.1.0',
				gitCommit: 'abc',
				buildTime: '2024-01-01T00:00:00Z',
				startedAt: '2024-01-01T00:00:00Z',
				kernelVersion: '6',
				operatingSystem: 'Linux',
				osVersion: '1',
				machine: 'x86_64',
				architecture: 'amd64',
				cpus: 2,
				memory: 1024,
				cgroups: {
					version: '1',
					controllers: new Set(['memory', 'cpu', 'cpuset', 'pids']),
					swapLimit: true,
					kernelMemoryTcp: true,
					cpuPeriod: true,
					cpuQuota: true,
					cpuShares: true,
					oomKillDisable: true,
				},
				cgroupDriver: 'cgroupfs',
				storage: [['Backing Filesystem', 'extfs']],
				privateCgroupns: false,
				logDrivers: ['json-file'],
				loggingDriver: 'json-file',
				networkDrivers: ['bridge'],
				openApis: [],
				proxies: { http: '', https: '', none: '' },
				securityOptions: ['name=seccomp,profile=builtin'],
				runtimes: new Map([['crun', { path: 'crun', args: [], version: '1.8', commit: 'abc' }]]),
				defaultRuntime: 'crun',
				dataRoot: '/var/lib/gantry',
				labels: [],
				debug: false,
				ipv4Forwarding: true,
				insecureRegistries: ['127.0.0.0/8'],
				cdiSpecDirs: [],
				registryMirrors: [],
			}),
			counters: () => ({ fileDescriptors: 1, eventListeners: 0, threads: 3 }),
			programs: async () => ({ features: new Map(), init: null }),
		},
		events: createEventBus(memoryJournal(), (error) => {
			throw error;
		}),
		log: createLogger(
			() => 'debug',
			(line) => world.logLines.push(line),
		),
	};
	const world: FakeWorld = {
		services,
		created: [],
		calls: [],
		attaches: [],
		pipe: echo,
		exit(result) {
			exited.resolve(result);
			exited = Promise.withResolvers<WaitResult>();
		},
		waitSignal: undefined,
		async *progress() {
			yield { kind: 'status', id: 'latest', text: 'Pulling from library/alpine' };
			yield { kind: 'layer', id: 'aaa', text: 'Downloading', current: 500, total: 1000 };
		},
		tty: false,
		ended: Promise.resolve(),
		logLines: [],
	};
	return world;
}

/** A server with fakes behind it on a unix socket of its own. */
export async function serve(world: FakeWorld): Promise<{ path: string; server: DockerServer } & AsyncDisposable> {
	const folder = mkdtempSync(join(tmpdir(), 'gantry-server-'));
	const path = join(folder, 'docker.sock');
	const server = createDockerServer(world.services);
	await server.listenUnix(path, { mode: 0o660, gid: null });
	return {
		path,
		server,
		async [Symbol.asyncDispose]() {
			await server.close(100);
			rmSync(folder, { recursive: true });
		},
	};
}

function fakeVolume(name: string, labels: Readonly<Record<string, string>>): VolumeView {
	return {
		name,
		labels,
		createdAt: '2024-01-01T00:00:00Z',
		options: null,
		mountpoint: `/v/${name}`,
	};
}
