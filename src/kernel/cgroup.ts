import { existsSync, readdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { sendSignal } from './process.ts';

const root = '/sys/fs/cgroup';

/** One mounted cgroup hierarchy. */
export interface CgroupHierarchy {
	/** Where it is mounted. */
	readonly mount: string;
	readonly version: 1 | 2;
}

/** The host's cgroup hierarchies: one on cgroup v2, one per controller (and perhaps `unified`) on v1. */
export function cgroupHierarchies(): CgroupHierarchy[] {
	if (existsSync(`${root}/cgroup.controllers`)) return [{ mount: root, version: 2 }];
	const hierarchies: CgroupHierarchy[] = [];
	for (const entry of readdirSync(root, { withFileTypes: true })) {
		// Symbolic links are other names (cpu,cpuacct) of a hierarchy that is listed anyway.
		if (!entry.isDirectory()) continue;
		const mount = `${root}/${entry.name}`;
		if (!existsSync(`${mount}/cgroup.procs`)) continue;
		hierarchies.push({ mount, version: existsSync(`${mount}/cgroup.controllers`) ? 2 : 1 });
	}
	return hierarchies;
}

/** The directories of a cgroup (`/gantry/<id>`) in all hierarchies where it exists. */
export function cgroupDirectories(path: string): string[] {
	if (!path.startsWith('/') || path.split('/').includes('..') || path === '/') return [];
	return cgroupHierarchies()
		.map(({ mount }) => `${mount}${path}`)
		.filter((directory) => existsSync(directory));
}

/**
 * Kills every process of a cgroup and of those below it. Returns once the kernel has been told, not once they are gone.
 * By `cgroup.kill` where the kernel has it, else by freezing, signalling until no new process shows up, and thawing.
 */
export function killCgroup(path: string): void {
	const directories = cgroupDirectories(path);
	const unified = directories.find((directory) => existsSync(`${directory}/cgroup.kill`));
	if (unified !== undefined) writeIfThere(`${unified}/cgroup.kill`, '1');
	const frozen = directories.filter((directory) => existsSync(`${directory}/freezer.state`));
	if (directories.every((directory) => cgroupProcesses(directory).length === 0)) return;
	for (const directory of frozen) writeIfThere(`${directory}/freezer.state`, 'FROZEN');
	const seen = new Set<number>();
	for (let round = 0, found = true; found && round < 64; round++) {
		found = false;
		for (const pid of new Set(directories.flatMap(cgroupProcesses))) {
			if (seen.has(pid)) continue;
			seen.add(pid);
			found = sendSignal(pid, 9) || found;
		}
	}
	for (const directory of frozen) writeIfThere(`${directory}/freezer.state`, 'THAWED');
}

/** The processes of a cgroup directory and of those below it; none when it is gone. */
export function cgroupProcesses(directory: string): number[] {
	return subtree(directory).flatMap((each) => {
		try {
			return readFileSync(`${each}/cgroup.procs`, 'latin1').split('\n').filter(Boolean).map(Number);
		} catch (error) {
			if (isGone(error)) return [];
			throw error;
		}
	});
}

/** How many processes of a cgroup the out-of-memory killer ended. 0 when it is gone. */
export function oomKills(path: string): number {
	for (const directory of cgroupDirectories(path)) {
		for (const file of ['memory.oom_control', 'memory.events']) {
			const kills = readCounter(`${directory}/${file}`, 'oom_kill');
			if (kills > 0) return kills;
		}
	}
	return 0;
}

function readCounter(file: string, name: string): number {
	try {
		const line = readFileSync(file, 'latin1')
			.split('\n')
			.find((each) => each.startsWith(`${name} `));
		return line === undefined ? 0 : Number(line.slice(name.length + 1));
	} catch (error) {
		if (isGone(error)) return 0;
		throw error;
	}
}

/** Removes a cgroup with those below it from all hierarchies. Returns what is still busy. */
export function removeCgroup(path: string): string[] {
	const busy: string[] = [];
	for (const directory of cgroupDirectories(path)) {
		for (const each of subtree(directory).reverse()) {
			try {
				rmdirSync(each);
			} catch (error) {
				if (!isGone(error)) busy.push(each);
			}
		}
	}
	return busy;
}

/** A directory and those below it, parents first. */
function subtree(directory: string): string[] {
	let names: string[];
	try {
		// On cgroupfs the link count of a directory is 2 plus its children: most have none.
		if (statSync(directory).nlink <= 2) return [directory];
		names = readdirSync(directory, { withFileTypes: true })
			.filter((entry) => entry.isDirectory())
			.map((entry) => entry.name);
	} catch (error) {
		if (isGone(error)) return [];
		throw error;
	}
	return [directory, ...names.flatMap((name) => subtree(`${directory}/${name}`))];
}

function writeIfThere(file: string, text: string): void {
	try {
		writeFileSync(file, text);
	} catch (error) {
		if (!isGone(error)) throw error;
	}
}

function isGone(error: unknown): boolean {
	const code = (error as NodeJS.ErrnoException).code;
	return code === 'ENOENT' || code === 'ENODEV';
}
