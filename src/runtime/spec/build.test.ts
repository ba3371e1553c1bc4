import { describe, expect, test } from 'bun:test';
import { EngineError } from '../../errors.ts';
import { execProcess } from '../bundle/exec-process.ts';
import { buildSpec } from './build.ts';
import { allCapabilities, capabilitiesOfMask, chooseCapabilities, defaultCapabilities } from './capabilities.ts';
import { defaultEnv } from './env.ts';
import type { HostFacts, SpecInput } from './input.ts';
import { buildUpdate, parseDeviceRule } from './resources.ts';
import { customSeccomp, defaultSeccomp } from './seccomp.ts';
import { serializeSpec } from './serialize.ts';

const host: HostFacts = {
	architecture: 'amd64',
	kernelRelease: '6.1.0-18-amd64',
	cgroupVersion: 1,
	capabilities: allCapabilities.filter((name) => name !== 'CAP_SYS_RESOURCE'),
	oomScoreAdj: 0,
	hardLimits: { RLIMIT_NOFILE: 20_000, RLIMIT_CORE: Number.POSITIVE_INFINITY },
	swapLimit: true,
	blkioWeight: false,
	deviceNumbers: () => ({ major: 8, minor: 16 }),
};
const own = { kind: 'private' } as const;
const resources: SpecInput['resources'] = {
	...{ memory: 0, memorySwap: 0, memoryReservation: 0, nanoCpus: 0, cpuShares: 0, cpuPeriod: 0, cpuQuota: 0 },
	...{ cpusetCpus: '', cpusetMems: '', blkioWeight: 0, pidsLimit: null, oomKillDisable: false },
};
const input: SpecInput = {
	...{ args: ['sh'], env: ['PATH=/bin', 'HOME=/root'], cwd: '/', tty: false, consoleSize: null, hostname: 'box' },
	...{ domainname: '', rootfs: '/rootfs', readonlyRootfs: false, mounts: [], shm: { kind: 'private', size: 64 << 20 } },
	...{ privileged: false, capAdd: [], capDrop: [], noNewPrivileges: false, seccomp: { kind: 'default' }, ulimits: [] },
	...{ devices: [], deviceCgroupRules: [], resources, sysctls: {}, oomScoreAdj: 0, maskedPaths: null },
	...{ readonlyPaths: null, annotations: {}, init: null, cgroupPath: '/gantry/x' },
	user: { uid: 0, gid: 0, additionalGids: [0] },
	namespaces: {
		pid: own,
		ipc: own,
		uts: own,
		network: { kind: 'path', path: '/run/netns/x' },
		cgroup: { kind: 'host' },
	},
};
const build = (changes: Partial<SpecInput> = {}) => buildSpec({ ...input, ...changes }, host);

describe('buildSpec', () => {
	test('a plain container', () => {
		const spec = build();
		expect(spec.process.capabilities.bounding.toSorted()).toEqual(defaultCapabilities.toSorted());
		expect(spec.process.capabilities.inheritable).toEqual([]);
		expect(spec.hostname).toBe('box');
		expect(spec.linux.namespaces).toEqual([
			{ type: 'mount' },
			{ type: 'pid' },
			{ type: 'ipc' },
			{ type: 'uts' },
			{ type: 'network', path: '/run/netns/x' },
		]);
		expect(spec.linux.maskedPaths).toContain('/proc/kcore');
		expect(spec.linux.readonlyPaths).toContain('/proc/sys');
		expect(spec.linux.resources.devices[0]).toEqual({ allow: false, access: 'rwm' });
		expect(spec.mounts.find(({ destination }) => destination === '/sys')?.options).toContain('ro');
		expect(spec.mounts.find(({ destination }) => destination === '/dev/shm')?.options).toContain('size=67108864');
		expect(spec.linux.sysctl?.['net.ipv4.ip_unprivileged_port_start']).toBe('0');
	});

	test('privileged means all that the daemon has', () => {
		const spec = build({ privileged: true });
		expect(spec.process.capabilities.effective).toEqual(host.capabilities);
		expect(spec.linux.seccomp).toBeUndefined();
		expect(spec.linux.maskedPaths).toEqual([]);
		expect(spec.linux.resources.devices).toEqual([{ allow: true, access: 'rwm' }]);
		expect(spec.mounts.find(({ destination }) => destination === '/sys')?.options).not.toContain('ro');
	});

	test('host namespaces are left out, and so are hostname and network sysctls', () => {
		const same = { kind: 'host' } as const;
		const spec = build({ namespaces: { pid: same, ipc: same, uts: same, network: same, cgroup: own } });
		expect(spec.linux.namespaces).toEqual([{ type: 'mount' }, { type: 'cgroup' }]);
		expect(spec.hostname).toBeUndefined();
		expect(spec.linux.sysctl).toBeUndefined();
	});

	test('mounts come by depth and replace the standard ones', () => {
		const bind = { type: 'bind', source: '/s', readOnly: true, propagation: 'rslave', nonRecursive: false } as const;
		const tmpfs = {
			type: 'tmpfs',
			target: '/dev/shm',
			readOnly: false,
			size: 10,
			mode: 0o1777,
			options: ['exec'],
		} as const;
		const spec = build({ mounts: [{ ...bind, target: '/a/b/c' }, { ...bind, target: '/a' }, tmpfs] });
		const users = spec.mounts.slice(-3).map(({ destination }) => destination);
		expect(users).toEqual(['/a', '/dev/shm', '/a/b/c']);
		expect(spec.mounts.filter(({ destination }) => destination === '/dev/shm').length).toBe(1);
		expect(spec.mounts.at(-2)?.options).toEqual(['nosuid', 'nodev', 'rw', 'size=10', 'mode=1777', 'exec']);
		expect(spec.mounts.at(-1)?.options).toEqual(['rbind', 'ro', 'rslave']);
		expect(spec.linux.rootfsPropagation).toBe('rslave');
	});

	test('limits', () => {
		const spec = build({
			resources: { ...resources, memory: 1000, nanoCpus: 1.5e9, cpusetCpus: '0', pidsLimit: 7, blkioWeight: 500 },
		});
		expect(spec.linux.resources.memory).toEqual({ limit: 1000, swap: 2000 });
		expect(spec.linux.resources.cpu).toEqual({ quota: 150_000, period: 100_000, cpus: '0' });
		expect(spec.linux.resources.pids).toEqual({ limit: 7 });
		expect(spec.linux.resources.blockIO).toBeUndefined();
		expect(build().linux.resources.memory).toBeUndefined();
	});

	test('limits of devices, swappiness and real time; the words of an update', () => {
		const asked = {
			...{ ...resources, memorySwappiness: 0, kernelMemoryTcp: 9, cpuRealtimePeriod: 5, cpuRealtimeRuntime: 4 },
			...{ blkioReadBps: [{ path: '/dev/sdb', rate: 7 }], blkioWeightDevice: [{ path: '/dev/sdb', weight: 20 }] },
		};
		const { memory, cpu, blockIO } = build({ resources: asked }).linux.resources;
		expect(memory).toEqual({ swappiness: 0, kernelTCP: 9 });
		expect(cpu).toEqual({ realtimePeriod: 5, realtimeRuntime: 4 });
		expect(blockIO).toEqual({
			weightDevice: [{ major: 8, minor: 16, weight: 20 }],
			throttleReadBpsDevice: [{ major: 8, minor: 16, rate: 7 }],
		});
		expect(buildUpdate(resources, host)).toEqual({});
		expect(buildUpdate({ ...resources, memory: 5, memorySwap: -1, pidsLimit: 0, blkioWeight: 50 }, host)).toEqual({
			memory: { limit: 5, swap: -1 },
			pids: { limit: -1 },
		});
		expect(buildUpdate({ ...resources, nanoCpus: 5e8, blkioWeight: 50 }, { ...host, blkioWeight: true })).toEqual({
			cpu: { quota: 50_000, period: 100_000 },
			blockIO: { weight: 50 },
		});
	});

	test('rlimits stay within the daemon’s, unlimited is written exactly', () => {
		const ulimits = [
			{ name: 'nofile', soft: 100, hard: -1 },
			{ name: 'core', soft: -1, hard: -1 },
		];
		const spec = build({ ulimits });
		expect(spec.process.rlimits?.[0]).toEqual({ type: 'RLIMIT_NOFILE', soft: 100, hard: 20_000 });
		expect(serializeSpec(spec)).toContain('"soft":18446744073709551615,"hard":18446744073709551615');
		expect(() => build({ ulimits: [{ name: 'nofile', soft: 5, hard: 1 }] })).toThrow('less than or equal');
		expect(() => build({ ulimits: [{ name: 'nonsense', soft: 1, hard: 1 }] })).toThrow('invalid ulimit type');
	});

	test('what only a stronger daemon could give is not asked for', () => {
		expect(build({ oomScoreAdj: -500 }).process.oomScoreAdj).toBeUndefined();
		expect(build({ oomScoreAdj: 300 }).process.oomScoreAdj).toBe(300);
		expect(() => build({ oomScoreAdj: 5000 })).toThrow(EngineError);
	});

	test('an init program comes first', () => {
		const spec = build({ init: '/usr/bin/tini' });
		expect(spec.process.args).toEqual(['/sbin/docker-init', '--', 'sh']);
		expect(spec.mounts.at(-1)).toMatchObject({ source: '/usr/bin/tini', destination: '/sbin/docker-init' });
	});
});

describe('capabilities', () => {
	const choose = (add: string[], drop: string[]) =>
		chooseCapabilities({ privileged: false, add, drop, available: host.capabilities });

	test('add and drop, with and without prefix', () => {
		expect(choose(['net_admin'], ['CAP_CHOWN'])).toContain('CAP_NET_ADMIN');
		expect(choose(['net_admin'], ['CAP_CHOWN'])).not.toContain('CAP_CHOWN');
		expect(choose(['CHOWN'], ['all'])).toEqual(['CAP_CHOWN']);
		expect(choose(['ALL'], ['kill'])).toEqual(host.capabilities.filter((name) => name !== 'CAP_KILL'));
		expect(choose(['SYS_RESOURCE'], [])).not.toContain('CAP_SYS_RESOURCE');
		expect(() => choose(['nonsense'], [])).toThrow('unknown capability: "CAP_NONSENSE"');
	});

	test('names of a mask', () => {
		expect(capabilitiesOfMask('00000000a80425fb').toSorted()).toEqual(defaultCapabilities.toSorted());
	});
});

describe('seccomp', () => {
	const context = { capabilities: defaultCapabilities, architecture: 'amd64', kernelRelease: '6.1.0' };
	const allowed = (name: string, given = context): boolean =>
		defaultSeccomp(given).syscalls.some(
			(rule) => rule.action === 'SCMP_ACT_ALLOW' && rule.args === undefined && rule.names.includes(name),
		);

	test('conditions on capabilities, architecture and kernel', () => {
		expect(allowed('openat')).toBe(true);
		expect(allowed('mount')).toBe(false);
		expect(allowed('mount', { ...context, capabilities: ['CAP_SYS_ADMIN'] })).toBe(true);
		expect(allowed('arch_prctl')).toBe(true);
		expect(allowed('arch_prctl', { ...context, architecture: 'arm64' })).toBe(false);
		expect(allowed('ptrace')).toBe(true);
		expect(allowed('ptrace', { ...context, kernelRelease: '4.4.0' })).toBe(false);
		expect(defaultSeccomp(context).architectures).toEqual(['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32']);
		expect(JSON.stringify(defaultSeccomp(context))).not.toContain('includes');
	});

	test('a given profile', () => {
		const profile = { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ name: 'mkdir', action: 'SCMP_ACT_ERRNO' }] };
		expect(customSeccomp(profile, context).syscalls).toEqual([{ names: ['mkdir'], action: 'SCMP_ACT_ERRNO' }]);
		expect(() => customSeccomp({}, context)).toThrow(EngineError);
		expect(() => customSeccomp(null, context)).toThrow(EngineError);
	});
});

test('device rules', () => {
	expect(parseDeviceRule('c 10:* rw')).toEqual({ allow: true, type: 'c', major: 10, access: 'rw' });
	expect(() => parseDeviceRule('c 10 rw')).toThrow('invalid device cgroup rule format');
});

test('environment', () => {
	const env = defaultEnv({ env: ['A=1', 'PATH=/x', 'TERM'], hostname: 'h', tty: true, home: '/home/u' });
	expect(env).toEqual(['PATH=/x', 'HOSTNAME=h', 'A=1', 'HOME=/home/u']);
});

test('an exec inherits from the container', () => {
	const spec = build({
		ulimits: [{ name: 'nofile', soft: 10, hard: 20 }],
		env: ['PATH=/p', 'HOSTNAME=box', 'HOME=/root'],
	});
	const ask = { args: ['ls'], env: ['A=1'], cwd: '', user: '', tty: false, privileged: false, consoleSize: null };
	const document = execProcess(ask, { spec, rootfs: '/nonexistent', host });
	expect(document.env).toEqual(['PATH=/p', 'HOSTNAME=box', 'HOME=/root', 'A=1']);
	expect(document.cwd).toBe('/');
	expect(document.capabilities).toEqual(spec.process.capabilities);
	const strong = execProcess(
		{ ...ask, privileged: true, tty: true, consoleSize: [24, 80] },
		{ spec, rootfs: '/', host },
	);
	expect(strong.capabilities.effective).toEqual(host.capabilities);
	expect(strong.consoleSize).toEqual({ height: 24, width: 80 });
});
