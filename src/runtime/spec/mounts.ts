import type { ShmChoice, SpecInput, SpecMount } from './input.ts';
import type { OciMount } from './types.ts';

/** Where the init program is in a container that asked for one. */
export const initPath = '/sbin/docker-init';

/** All mounts of a container: the standard ones that the user did not replace, then the user's by depth. */
export function buildMounts(input: SpecInput): OciMount[] {
	const targets = new Set(input.mounts.map(({ target }) => normalize(target)));
	const standard = standardMounts(input).filter(
		({ destination }) => !targets.has(destination) && !(targets.has('/dev') && destination.startsWith('/dev/')),
	);
	const wanted = [...input.mounts];
	if (input.init !== null) wanted.push(initMount(input.init));
	wanted.sort((a, b) => depth(a.target) - depth(b.target));
	return [...standard, ...wanted.map(convert)];
}

/** How mounts of the rootfs spread, when a mount of the user asks for more than the default. */
export function rootfsPropagation(mounts: readonly SpecMount[]): string | undefined {
	const asked = mounts.map((mount) => (mount.type === 'bind' ? mount.propagation : ''));
	if (asked.some((each) => each === 'rshared' || each === 'shared')) return 'shared';
	return asked.some((each) => each === 'rslave' || each === 'slave') ? 'rslave' : undefined;
}

function standardMounts({ privileged, shm }: SpecInput): OciMount[] {
	const readOnly = privileged ? [] : ['ro'];
	const devOptions = ['nosuid', 'strictatime', 'mode=755', 'size=65536k'];
	const ptsOptions = ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'];
	const guarded = ['nosuid', 'noexec', 'nodev'];
	return [
		{ destination: '/proc', type: 'proc', source: 'proc', options: guarded },
		{ destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: devOptions },
		{ destination: '/dev/pts', type: 'devpts', source: 'devpts', options: ptsOptions },
		{ destination: '/sys', type: 'sysfs', source: 'sysfs', options: [...guarded, ...readOnly] },
		{ destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: [...readOnly, ...guarded] },
		// Of the host's IPC namespace when the container has none of its own.
		{ destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: guarded },
		...shmMount(shm),
	];
}

function shmMount(shm: ShmChoice): OciMount[] {
	const guarded = ['nosuid', 'noexec', 'nodev'];
	if (shm.kind === 'none') return [];
	if (shm.kind === 'bind') {
		return [{ destination: '/dev/shm', type: 'bind', source: shm.source, options: ['rbind', 'rprivate'] }];
	}
	const options = [...guarded, 'mode=1777', `size=${shm.size}`];
	return [{ destination: '/dev/shm', type: 'tmpfs', source: 'shm', options }];
}

function convert(mount: SpecMount): OciMount {
	if (mount.type === 'bind') {
		const access = !mount.readOnly ? 'rw' : mount.recursiveReadOnly === true ? 'rro' : 'ro';
		const bind = mount.nonRecursive ? 'bind' : 'rbind';
		const asked = mount.propagation === '' ? 'rprivate' : mount.propagation;
		// crun binds recursively for a propagation that is so.
		const propagation = mount.nonRecursive ? asked.replace(/^r/, '') : asked;
		return { destination: mount.target, type: 'bind', source: mount.source, options: [bind, access, propagation] };
	}
	const options = ['noexec', 'nosuid', 'nodev', mount.readOnly ? 'ro' : 'rw'];
	if (mount.size > 0) options.push(`size=${mount.size}`);
	if (mount.mode !== null) options.push(`mode=${mount.mode.toString(8)}`);
	return { destination: mount.target, type: 'tmpfs', source: 'tmpfs', options: mergeOptions(options, mount.options) };
}

/** The user's options after the defaults that they contradict have been taken out. */
function mergeOptions(defaults: readonly string[], given: readonly string[]): string[] {
	const opposites = new Map([
		...[
			['exec', 'noexec'],
			['suid', 'nosuid'],
			['dev', 'nodev'],
			['rw', 'ro'],
		].flatMap(([a = '', b = '']): [string, string][] => [
			[a, b],
			[b, a],
		]),
	]);
	const replaced = new Set(given.map((option) => opposites.get(option) ?? option.split('=')[0] ?? option));
	return [...defaults.filter((option) => !replaced.has(option.split('=')[0] ?? option)), ...given];
}

function initMount(source: string): SpecMount {
	return { type: 'bind', source, target: initPath, readOnly: true, propagation: '', nonRecursive: false };
}

function normalize(path: string): string {
	return `/${path.split('/').filter(Boolean).join('/')}`;
}

function depth(path: string): number {
	return path.split('/').filter(Boolean).length;
}
