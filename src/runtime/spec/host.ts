import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { arch, release } from 'node:os';
import { EngineError } from '../../errors.ts';
import { hardLimit, rlimitNumbers } from '../../kernel/process.ts';
import { capabilitiesOfMask } from './capabilities.ts';
import type { HostFacts, SpecDevice } from './input.ts';

/** Reads what a specification must not ask beyond. Once, at the daemon's start. */
export function readHostFacts(): HostFacts {
	const v2 = existsSync('/sys/fs/cgroup/cgroup.controllers');
	const status = readFileSync('/proc/self/status', 'latin1');
	const bounding = /^CapBnd:\t([0-9a-f]+)$/m.exec(status)?.[1] ?? '0';
	const effective = /^CapEff:\t([0-9a-f]+)$/m.exec(status)?.[1] ?? '0';
	const held = new Set(capabilitiesOfMask(effective));
	const limits = Object.entries(rlimitNumbers).map(([name, number]) => [name, hardLimit(number)] as const);
	return {
		architecture: arch() === 'x64' ? 'amd64' : arch(),
		kernelRelease: release(),
		cgroupVersion: v2 ? 2 : 1,
		capabilities: capabilitiesOfMask(bounding).filter((name) => held.has(name)),
		oomScoreAdj: Number(readFileSync('/proc/self/oom_score_adj', 'latin1')),
		hardLimits: Object.fromEntries(limits),
		swapLimit: v2 || existsSync('/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes'),
		blkioWeight: v2 || ['blkio.weight', 'blkio.bfq.weight'].some((name) => existsSync(`/sys/fs/cgroup/blkio/${name}`)),
		deviceNumbers,
	};
}

/** The numbers of a device node. */
function deviceNumbers(path: string): { major: number; minor: number } {
	try {
		return numbersOf(statSync(path).rdev);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
		throw new EngineError('invalid_argument', `stat ${path}: no such file or directory`);
	}
}

function numbersOf(rdev: number): { major: number; minor: number } {
	const number = BigInt(rdev);
	return {
		major: Number(((number >> 8n) & 0xfffn) | ((number >> 32n) & 0xfffff000n)),
		minor: Number((number & 0xffn) | ((number >> 12n) & 0xffffff00n)),
	};
}

/** Directories below /dev that hold no devices of the host's own. */
const notDevices = new Set(['pts', 'shm', 'fd', 'mqueue', '.lxc', '.lxd-mounts', '.udev', 'console']);

/** Every device of the host, for a privileged container. */
export function hostDevices(): SpecDevice[] {
	return devicesBelow('/dev', '/dev', 'rwm');
}

/** The devices that a `--device` names: one, or all in a directory. @throws `invalid_argument` when there is none */
export function findDevices(mapping: {
	readonly pathOnHost: string;
	readonly pathInContainer: string;
	readonly cgroupPermissions: string;
}): SpecDevice[] {
	const target = mapping.pathInContainer === '' ? mapping.pathOnHost : mapping.pathInContainer;
	const access = mapping.cgroupPermissions === '' ? 'rwm' : mapping.cgroupPermissions;
	const failed = (reason: string): EngineError =>
		new EngineError(
			'invalid_argument',
			`error gathering device information while adding custom device ${JSON.stringify(mapping.pathOnHost)}: ${reason}`,
		);
	let source: string;
	try {
		source = realpathSync(mapping.pathOnHost);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
		throw failed('no such file or directory');
	}
	if (statSync(source).isDirectory()) return devicesBelow(source, target, access);
	const device = describeDevice(source, target, access);
	if (device === null) throw failed('not a device node');
	return [device];
}

function devicesBelow(directory: string, target: string, access: string): SpecDevice[] {
	return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
		if (directory === '/dev' && notDevices.has(entry.name)) return [];
		const source = `${directory}/${entry.name}`;
		if (entry.isDirectory()) return devicesBelow(source, `${target}/${entry.name}`, access);
		const device = describeDevice(source, `${target}/${entry.name}`, access);
		return device === null ? [] : [device];
	});
}

function describeDevice(source: string, path: string, access: string): SpecDevice | null {
	const { mode, rdev, uid, gid } = lstatSync(source);
	const kind = mode & 0o170000;
	if (kind !== 0o020000 && kind !== 0o060000) return null;
	const { major, minor } = numbersOf(rdev);
	return { path, type: kind === 0o020000 ? 'c' : 'b', major, minor, fileMode: mode & 0o7777, uid, gid, access };
}
