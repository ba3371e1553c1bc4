import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { messageOf } from '../errors.ts';
import { mountCgroup, remountFavorDynMods } from '../kernel/cgroup-mount.ts';

const root = '/sys/fs/cgroup';

/**
 * Makes the host's cgroups ready for containers; once, at the daemon's start. What the host refuses is logged, not thrown.
 * On a hybrid host: mounts controllers that are left on cgroup v2, as crun does not start otherwise. With `favorDynMods`:
 * trades a little fork speed for starts that do not wait for an RCU grace period. On cgroup v2: gives `parent` its controllers.
 */
export function prepareCgroups(options: {
	readonly favorDynMods: boolean;
	readonly parent?: string;
	readonly log: (message: string) => void;
}): void {
	const attempt = (doing: string, action: () => void): void => {
		try {
			action();
		} catch (error) {
			options.log(`${doing}: ${messageOf(error)}`);
		}
	};
	const unified = unifiedMount();
	for (const controller of crunMissingControllers()) {
		attempt(`mount cgroup controller ${controller}`, () => mountController(controller));
	}
	if (unified !== null && options.favorDynMods && !hasFavorDynMods(unified)) {
		attempt('set favordynmods', () => remountFavorDynMods(unified));
	}
	if (unified === root) attempt('enable cgroup controllers', () => enableControllers(options.parent ?? '/gantry'));
}

/** Controllers that are on the cgroup v2 hierarchy of a host whose others are on v1: crun refuses such a host. */
export function crunMissingControllers(): string[] {
	if (unifiedMount() !== `${root}/unified`) return [];
	const onV1 = new Set(
		readFileSync('/proc/self/cgroup', 'latin1')
			.split('\n')
			.flatMap((line) => line.split(':')[1]?.split(',') ?? []),
	);
	return readFileSync(`${root}/unified/cgroup.controllers`, 'latin1')
		.trim()
		.split(' ')
		.filter((name) => name !== '' && !onV1.has(name));
}

function mountController(controller: string): void {
	const target = `${root}/${controller}`;
	mkdirSync(target, { recursive: true });
	mountCgroup(target, controller);
}

function unifiedMount(): string | null {
	if (existsSync(`${root}/cgroup.controllers`)) return root;
	return existsSync(`${root}/unified/cgroup.controllers`) ? `${root}/unified` : null;
}

function hasFavorDynMods(mount: string): boolean {
	return readFileSync('/proc/self/mounts', 'latin1')
		.split('\n')
		.some((line) => line.split(' ')[1] === mount && (line.split(' ')[3] ?? '').split(',').includes('favordynmods'));
}

/** Every level down to the parent hands its controllers on. Processes in the root may stay; elsewhere the kernel says EBUSY. */
function enableControllers(parent: string): void {
	let directory = root;
	for (const name of ['', ...parent.split('/').filter(Boolean)]) {
		if (name !== '') directory = `${directory}/${name}`;
		mkdirSync(directory, { recursive: true });
		const controllers = readFileSync(`${directory}/cgroup.controllers`, 'latin1').trim().split(' ').filter(Boolean);
		writeFileSync(`${directory}/cgroup.subtree_control`, controllers.map((each) => `+${each}`).join(' '));
	}
}
