import { EngineError } from '../../errors.ts';
import type { OciCapabilities } from './types.ts';

/** All capabilities by number. Source: linux/capability.h. */
export const allCapabilities = [
	...['CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID', 'SETPCAP'],
	...['LINUX_IMMUTABLE', 'NET_BIND_SERVICE', 'NET_BROADCAST', 'NET_ADMIN', 'NET_RAW', 'IPC_LOCK', 'IPC_OWNER'],
	...['SYS_MODULE', 'SYS_RAWIO', 'SYS_CHROOT', 'SYS_PTRACE', 'SYS_PACCT', 'SYS_ADMIN', 'SYS_BOOT', 'SYS_NICE'],
	...['SYS_RESOURCE', 'SYS_TIME', 'SYS_TTY_CONFIG', 'MKNOD', 'LEASE', 'AUDIT_WRITE', 'AUDIT_CONTROL', 'SETFCAP'],
	...['MAC_OVERRIDE', 'MAC_ADMIN', 'SYSLOG', 'WAKE_ALARM', 'BLOCK_SUSPEND', 'AUDIT_READ', 'PERFMON', 'BPF'],
	'CHECKPOINT_RESTORE',
].map((name) => `CAP_${name}`);

/** What a container has unless told otherwise: Docker's set. */
export const defaultCapabilities = [
	...['CHOWN', 'DAC_OVERRIDE', 'FSETID', 'FOWNER', 'MKNOD', 'NET_RAW', 'SETGID', 'SETUID', 'SETFCAP', 'SETPCAP'],
	...['NET_BIND_SERVICE', 'SYS_CHROOT', 'KILL', 'AUDIT_WRITE'],
].map((name) => `CAP_${name}`);

/** What decides about a container's capabilities. `available`: what the daemon itself may pass on. */
export interface CapabilityRequest {
	readonly privileged: boolean;
	readonly add: readonly string[];
	readonly drop: readonly string[];
	readonly available: readonly string[];
}

/** The capabilities of a container, never more than the daemon has. @throws `invalid_argument` for a name that does not exist */
export function chooseCapabilities(request: CapabilityRequest): string[] {
	const add = request.add.map((name) => normalize(name, 'CapAdd'));
	const drop = request.drop.map((name) => normalize(name, 'CapDrop'));
	return allCapabilities.filter(
		(name) => request.available.includes(name) && wanted(name, request.privileged, add, drop),
	);
}

function wanted(name: string, privileged: boolean, add: readonly string[], drop: readonly string[]): boolean {
	if (privileged) return true;
	if (add.includes('ALL')) return !drop.includes(name);
	if (add.includes(name)) return true;
	if (drop.includes('ALL') || drop.includes(name)) return false;
	return defaultCapabilities.includes(name);
}

function normalize(name: string, field: string): string {
	const upper = name.toUpperCase();
	if (upper === 'ALL') return upper;
	const full = upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
	if (allCapabilities.includes(full)) return full;
	throw new EngineError('invalid_argument', `invalid ${field}: unknown capability: ${JSON.stringify(full)}`);
}

/** The sets of a process with these capabilities. Nothing is inheritable: a program does not get more by that than it asks for. */
export function capabilitySets(names: readonly string[]): OciCapabilities {
	return { bounding: names, effective: names, permitted: names, inheritable: [], ambient: [] };
}

/** Names of the bits of a `Cap…` line of /proc/PID/status. */
export function capabilitiesOfMask(hex: string): string[] {
	const mask = BigInt(`0x${hex}`);
	return allCapabilities.filter((_, bit) => ((mask >> BigInt(bit)) & 1n) === 1n);
}
