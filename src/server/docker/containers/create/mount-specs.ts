import { isAbsolute, posix } from 'node:path';
import type { CreateHostConfig, CreateMount } from '../../../../api/create-request.ts';
import { compareVersions } from '../../../../api/versions.ts';
import type { MountRequest } from '../../../../engine/containers/model.ts';
import { cleanTarget } from '../../../../engine/containers/mounts/mount-points.ts';
import { plainMount } from '../../../../engine/containers/mounts/mount-request.ts';
import { EngineError } from '../../../../errors.ts';

const propagations = new Set(['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave']);

function wrong(message: string): EngineError {
	return new EngineError('invalid_argument', message);
}

/** Since then `Mounts` can say what becomes of mounts below a read-only one. */
const recursionVersion = '1.44';

/** All mounts that `Binds`, `Mounts` and `Tmpfs` ask for, as a client of that API version means them. @throws EngineError `invalid_argument`, also for a target given twice. */
export function mountsOf(host: CreateHostConfig, version: string): readonly MountRequest[] {
	const old = compareVersions(version, recursionVersion) < 0;
	const mounts = [
		...host.Binds.map((spec) => parseBind(spec, host.VolumeDriver)),
		...host.Mounts.map((mount) => mountOf(mount, old)),
		...Object.entries(host.Tmpfs).map(([target, options]) => tmpfsOf(target, options)),
	];
	const seen = new Set<string>();
	for (const { target } of mounts) {
		const clean = cleanTarget(target);
		if (seen.has(clean)) throw wrong(`Duplicate mount point: ${clean}`);
		seen.add(clean);
	}
	return mounts;
}

/** @throws what is wrong with where a mount is to be, in dockerd's words */
function checkTarget(target: string, bad: (why: string) => EngineError): void {
	if (target === '') throw bad('field Target must not be empty');
	if (cleanTarget(target) === '/') throw bad(`invalid specification: destination can't be '/'`);
	if (!isAbsolute(target)) throw bad(`invalid mount path: '${target}' mount path must be absolute`);
}

/** One `-v` value: `target`, `source:target` or `source:target:options`. */
function parseBind(spec: string, driver: string): MountRequest {
	const parts = spec.split(':');
	if (parts.length > 3 || parts.some((part) => part === '')) throw wrong(`invalid volume specification: '${spec}'`);
	const [first = '', second, options = ''] = parts;
	// A lone path is an anonymous volume; dockerd's CLI sends those in Config.Volumes, other clients here.
	const source = second === undefined ? '' : first;
	const target = second ?? first;
	const type = source.startsWith('/') ? 'bind' : 'volume';
	const mode = parseBindOptions(options);
	const bad = (why: string) =>
		wrong(`invalid volume specification: '${spec}': invalid mount config for type "${type}": ${why}`);
	checkTarget(target, bad);
	if (type === 'bind' && mode.noCopy) throw bad('field VolumeOptions must not be specified');
	if (type === 'volume' && mode.propagation !== '') throw bad('field BindOptions must not be specified');
	return {
		...plainMount,
		...mode,
		origin: 'binds',
		type,
		source,
		target,
		createSource: type === 'bind',
		bindSpec: spec,
		driver: type === 'volume' ? driver : '',
	};
}

const groups: Readonly<Record<string, string>> = {
	ro: 'access',
	rw: 'access',
	// Labels matter to SELinux hosts only; consistency to none on Linux.
	z: 'label',
	Z: 'label',
	nocopy: 'copy',
	consistent: 'consistency',
	cached: 'consistency',
	delegated: 'consistency',
};

function parseBindOptions(options: string): Pick<MountRequest, 'readOnly' | 'propagation' | 'noCopy'> {
	const words = options === '' ? [] : options.split(',');
	const kinds = words.map((word) =>
		propagations.has(word) ? 'propagation' : Object.hasOwn(groups, word) ? groups[word] : null,
	);
	if (kinds.includes(null) || new Set(kinds).size < kinds.length) throw wrong(`invalid mode: ${options}`);
	return {
		readOnly: words.includes('ro'),
		propagation: words.find((word) => propagations.has(word)) ?? '',
		noCopy: words.includes('nocopy'),
	};
}

const types = ['bind', 'volume', 'tmpfs', 'image'] as const;
const optionsOf = {
	BindOptions: 'bind',
	VolumeOptions: 'volume',
	TmpfsOptions: 'tmpfs',
	ImageOptions: 'image',
} as const;

/** One entry of `Mounts`. */
function mountOf(mount: CreateMount, old: boolean): MountRequest {
	const bad = (why: string) => wrong(`invalid mount config for type "${mount.Type}": ${why}`);
	const type = types.find((one) => one === mount.Type);
	if (mount.Target === '') throw bad('field Target must not be empty');
	if (type === undefined) throw bad('mount type unknown');
	checkTarget(mount.Target, bad);
	for (const [field, owner] of Object.entries(optionsOf)) {
		if (owner !== type && mount[field as 'BindOptions'] !== null) throw bad(`field ${field} must not be specified`);
	}
	const base: MountRequest = {
		...plainMount,
		type,
		source: mount.Source,
		target: mount.Target,
		readOnly: mount.ReadOnly,
		consistency: mount.Consistency,
	};
	if ((type === 'bind' || type === 'image') && mount.Source === '') throw bad('field Source must not be empty');
	switch (type) {
		case 'bind':
			return { ...base, ...bindPart(mount, old, bad) };
		case 'tmpfs':
			return { ...base, ...tmpfsPart(mount, bad) };
		case 'volume':
			return { ...base, ...volumePart(mount, bad) };
		case 'image':
			return { ...base, subpath: subpathOf(mount.ImageOptions?.Subpath ?? '', bad) };
	}
}

function bindPart(mount: CreateMount, old: boolean, bad: (why: string) => EngineError): Partial<MountRequest> {
	if (!isAbsolute(mount.Source)) throw bad(`invalid mount path: '${mount.Source}' mount path must be absolute`);
	const options = mount.BindOptions;
	const base = { readOnlyNonRecursive: old && mount.ReadOnly, readOnlyForceRecursive: false };
	if (options === null) return base;
	if (options.Propagation !== '' && !propagations.has(options.Propagation)) {
		throw bad(`invalid propagation mode: ${options.Propagation}`);
	}
	const plain = { propagation: options.Propagation, nonRecursive: options.NonRecursive };
	if (old) return { ...base, ...plain, createSource: options.CreateMountpoint };
	const { ReadOnlyNonRecursive, ReadOnlyForceRecursive } = options;
	if (ReadOnlyNonRecursive && ReadOnlyForceRecursive) {
		throw bad('conflicting options: ReadOnlyNonRecursive and ReadOnlyForceRecursive');
	}
	for (const [field, given] of Object.entries({ ReadOnlyNonRecursive, ReadOnlyForceRecursive })) {
		if (given && !mount.ReadOnly) throw bad(`${field} needs ReadOnly`);
	}
	if (ReadOnlyForceRecursive && options.NonRecursive)
		throw bad('conflicting options: NonRecursive and ReadOnlyForceRecursive');
	return {
		...plain,
		createSource: options.CreateMountpoint,
		readOnlyNonRecursive: ReadOnlyNonRecursive,
		readOnlyForceRecursive: ReadOnlyForceRecursive,
	};
}

/** What stays below where it starts, by its words: symbolic links are the start's to deal with. */
function subpathOf(path: string, bad: (why: string) => EngineError): string {
	if (path === '') return '';
	const clean = posix.normalize(path);
	if (isAbsolute(path) || clean === '..' || clean.startsWith('../')) {
		throw bad('subpath must be a relative path within the volume');
	}
	return path;
}

function volumePart(mount: CreateMount, bad: (why: string) => EngineError): Partial<MountRequest> {
	const options = mount.VolumeOptions;
	const anonymous = mount.Source === '';
	if (anonymous && mount.ReadOnly) throw bad('must not set ReadOnly mode when using anonymous volumes');
	if (options === null) return {};
	if (anonymous && options.Subpath !== '') throw bad('must not set Subpath when using anonymous volumes');
	return {
		noCopy: options.NoCopy,
		labels: options.Labels,
		driver: options.DriverConfig?.Name ?? '',
		driverOptions: options.DriverConfig?.Options ?? {},
		subpath: subpathOf(options.Subpath, bad),
	};
}

function tmpfsPart(mount: CreateMount, bad: (why: string) => EngineError): Partial<MountRequest> {
	if (mount.Source !== '') throw bad('field Source must not be specified');
	const options = mount.TmpfsOptions;
	if (options === null) return {};
	return {
		tmpfsSize: options.SizeBytes,
		tmpfsMode: options.Mode === 0 ? null : options.Mode,
		tmpfsOptions: options.Options.map((words) => words.join('=')),
	};
}

/** Options of a tmpfs without a value, and those with one. */
const tmpfsWords = new Set([
	...['exec', 'noexec', 'dev', 'nodev', 'suid', 'nosuid', 'ro', 'rw', 'defaults', 'sync', 'async', 'dirsync', 'atime'],
	...['noatime', 'diratime', 'nodiratime', 'relatime', 'norelatime', 'strictatime', 'nostrictatime', 'mand', 'nomand'],
	...['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave', 'unbindable', 'runbindable'],
	...['bind', 'rbind', 'remount'],
]);
const tmpfsKeys = new Set(['size', 'mode', 'uid', 'gid', 'nr_inodes', 'nr_blocks', 'mpol']);

/** One `--tmpfs` value: mount options by target. */
function tmpfsOf(target: string, text: string): MountRequest {
	checkTarget(target, wrong);
	const options = text === '' ? [] : text.split(',');
	for (const option of options) {
		const known = option.includes('=') ? tmpfsKeys.has(option.split('=')[0] ?? '') : tmpfsWords.has(option);
		if (!known) throw wrong(`invalid tmpfs option [${JSON.stringify(option)}]`);
	}
	return { ...plainMount, origin: 'tmpfs', type: 'tmpfs', source: '', target, tmpfsOptions: options };
}
