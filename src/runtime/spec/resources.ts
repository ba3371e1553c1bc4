import { EngineError } from '../../errors.ts';
import type { HostFacts, SpecDevice, SpecInput, SpecRate, SpecResources } from './input.ts';
import type { OciDeviceRule, OciResources, OciRlimit } from './types.ts';

const cpuPeriod = 100_000;

/** Limits for the cgroup; what the host cannot limit is left out, as Docker does. */
export function buildResources(input: SpecInput, host: HostFacts): OciResources {
	const { resources } = input;
	const { pidsLimit } = resources;
	const blockIO = blockLimits(resources, host);
	const memory = memoryLimits(resources, host);
	const cpu = cpuLimits(resources);
	return {
		devices: deviceRules(input),
		...(Object.keys(memory).length > 0 ? { memory } : {}),
		...(Object.keys(cpu).length > 0 ? { cpu } : {}),
		...(pidsLimit !== null && pidsLimit > 0 ? { pids: { limit: pidsLimit } } : {}),
		...(Object.keys(blockIO).length > 0 ? { blockIO } : {}),
	};
}

function blockLimits(limits: SpecResources, host: HostFacts): NonNullable<OciResources['blockIO']> {
	const rates = (name: string, given: readonly SpecRate[] = []) =>
		given.length === 0 ? {} : { [name]: given.map(({ path, rate }) => ({ ...host.deviceNumbers(path), rate })) };
	const weights = (limits.blkioWeightDevice ?? []).map(({ path, weight }) => ({ ...host.deviceNumbers(path), weight }));
	return {
		...(limits.blkioWeight > 0 && host.blkioWeight ? { weight: limits.blkioWeight } : {}),
		...(weights.length > 0 ? { weightDevice: weights } : {}),
		...rates('throttleReadBpsDevice', limits.blkioReadBps),
		...rates('throttleWriteBpsDevice', limits.blkioWriteBps),
		...rates('throttleReadIOPSDevice', limits.blkioReadIops),
		...rates('throttleWriteIOPSDevice', limits.blkioWriteIops),
	};
}

/**
 * What an update tells the runtime: the limits that it names, in the runtime's words. `swap` goes along where the host
 * limits it.
 */
export function buildUpdate(limits: SpecResources, host: HostFacts): Omit<OciResources, 'devices'> {
	const { memory, memoryReservation, memorySwap, pidsLimit, blkioWeight } = limits;
	const changed = {
		...(memory !== 0 ? { limit: memory } : {}),
		...(memoryReservation !== 0 ? { reservation: memoryReservation } : {}),
		...(memorySwap !== 0 && host.swapLimit ? { swap: memorySwap } : {}),
	};
	const cpu = cpuLimits(limits);
	return {
		...(Object.keys(changed).length > 0 ? { memory: changed } : {}),
		...(Object.keys(cpu).length > 0 ? { cpu } : {}),
		...(pidsLimit === null ? {} : { pids: { limit: pidsLimit > 0 ? pidsLimit : -1 } }),
		...(blkioWeight > 0 && host.blkioWeight ? { blockIO: { weight: blkioWeight } } : {}),
	};
}

function memoryLimits(limits: SpecResources, host: HostFacts): NonNullable<OciResources['memory']> {
	const swap = limits.memorySwap === 0 ? limits.memory * 2 : limits.memorySwap;
	return {
		...(limits.memory > 0 ? { limit: limits.memory } : {}),
		...(limits.memoryReservation > 0 ? { reservation: limits.memoryReservation } : {}),
		...(limits.memory > 0 && swap !== 0 && host.swapLimit ? { swap } : {}),
		...(typeof limits.memorySwappiness === 'number' ? { swappiness: limits.memorySwappiness } : {}),
		...((limits.kernelMemoryTcp ?? 0) > 0 ? { kernelTCP: limits.kernelMemoryTcp } : {}),
		...(limits.oomKillDisable && host.cgroupVersion === 1 ? { disableOOMKiller: true } : {}),
	};
}

function cpuLimits(limits: SpecResources): NonNullable<OciResources['cpu']> {
	const byCpus = limits.nanoCpus > 0;
	const quota = byCpus ? Math.round((limits.nanoCpus * cpuPeriod) / 1e9) : limits.cpuQuota;
	const period = byCpus ? cpuPeriod : limits.cpuPeriod;
	return {
		...(limits.cpuShares > 0 ? { shares: limits.cpuShares } : {}),
		...(quota !== 0 ? { quota } : {}),
		...(period > 0 ? { period } : {}),
		...((limits.cpuRealtimePeriod ?? 0) !== 0 ? { realtimePeriod: limits.cpuRealtimePeriod } : {}),
		...((limits.cpuRealtimeRuntime ?? 0) !== 0 ? { realtimeRuntime: limits.cpuRealtimeRuntime } : {}),
		...(limits.cpusetCpus === '' ? {} : { cpus: limits.cpusetCpus }),
		...(limits.cpusetMems === '' ? {} : { mems: limits.cpusetMems }),
	};
}

/** Null, zero, full, random, urandom, tty, console, ptmx and pts; nodes of any kind may be made. */
const defaultRules: readonly OciDeviceRule[] = [
	{ allow: false, access: 'rwm' },
	{ allow: true, type: 'c', access: 'm' },
	{ allow: true, type: 'b', access: 'm' },
	...(
		[
			[1, 3],
			[1, 5],
			[1, 7],
			[1, 8],
			[1, 9],
			[5, 0],
			[5, 1],
			[5, 2],
		] as const
	).map(([major, minor]): OciDeviceRule => ({ allow: true, type: 'c', major, minor, access: 'rwm' })),
	{ allow: true, type: 'c', major: 136, access: 'rwm' },
];

function deviceRules(input: SpecInput): OciDeviceRule[] {
	if (input.privileged) return [{ allow: true, access: 'rwm' }];
	return [...defaultRules, ...input.devices.map(deviceRule), ...input.deviceCgroupRules.map(parseDeviceRule)];
}

function deviceRule({ type, major, minor, access }: SpecDevice): OciDeviceRule {
	return { allow: true, type, major, minor, access };
}

/** `c 1:3 mr`, `b *:* r`. @throws `invalid_argument` */
export function parseDeviceRule(rule: string): OciDeviceRule {
	const match = /^([acb]) ([0-9]+|\*):([0-9]+|\*) ([rwm]{1,3})$/.exec(rule);
	if (match === null) throw new EngineError('invalid_argument', `invalid device cgroup rule format: '${rule}'`);
	const [, type, major = '*', minor = '*', access = ''] = match;
	return {
		allow: true,
		type: type === 'a' || type === 'b' ? type : 'c',
		...(major === '*' ? {} : { major: Number(major) }),
		...(minor === '*' ? {} : { minor: Number(minor) }),
		access,
	};
}

/** The user's ulimits, within the daemon's own hard limits; -1 is unlimited. @throws `invalid_argument` */
export function buildRlimits(ulimits: SpecInput['ulimits'], host: HostFacts): OciRlimit[] {
	return ulimits.map(({ name, soft, hard }) => {
		const type = `RLIMIT_${name.toUpperCase()}`;
		const most = host.hardLimits[type];
		if (most === undefined) throw new EngineError('invalid_argument', `invalid ulimit type: ${name}`);
		const highest = unsigned(hard);
		if (unsigned(soft) > highest) {
			throw new EngineError(
				'invalid_argument',
				`ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`,
			);
		}
		return { type, soft: finite(Math.min(unsigned(soft), most)), hard: finite(Math.min(highest, most)) };
	});
}

/** Stands for RLIM_INFINITY, 2^64 - 1, which is no JavaScript number; `serializeSpec` writes it right. */
export const unlimited = 2 ** 64;

function unsigned(value: number): number {
	return value < 0 ? Number.POSITIVE_INFINITY : value;
}

function finite(value: number): number {
	return Number.isFinite(value) ? value : unlimited;
}
