import { isAbsolute, posix } from 'node:path';
import type { CreateHostConfig, CreateMount } from '../../../../api/create-request.ts';
import { invalidField } from '../../../../api/decode.ts';
import type { MountRequest } from '../../../../engine/containers/model.ts';
import { plainMount } from '../../../../engine/containers/mounts/mount-request.ts';
import { EngineError } from '../../../../errors.ts';

const propagations = new Set(['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave']);

/** All mounts that `Binds`, `Mounts` and `Tmpfs` ask for. @throws EngineError `invalid_argument`, also for a target given twice. */
export function mountsOf(host: CreateHostConfig): readonly MountRequest[] {
	const mounts = [
		...host.Binds.map(parseBind),
		...host.Mounts.map((mount, index) => mountOf(mount, `HostConfig.Mounts[${index}]`)),
		...Object.entries(host.Tmpfs).map(([target, options]) => tmpfsOf(target, options)),
	];
	const seen = new Set<string>();
	for (const { target } of mounts) {
		const clean = cleanPath(target);
		if (seen.has(clean)) throw new EngineError('invalid_argument', `Duplicate mount point: ${clean}`);
		seen.add(clean);
	}
	return mounts;
}

function cleanPath(path: string): string {
	return posix.normalize(path).replace(/(.)\/$/, '$1');
}

/** One `-v` value: `target`, `source:target` or `source:target:options`. */
function parseBind(spec: string): MountRequest {
	const bad = (why?: string) =>
		new EngineError(
			'invalid_argument',
			`invalid volume specification: '${spec}'${why === undefined ? '' : `: invalid mount config for type "bind": ${why}`}`,
		);
	const parts = spec.split(':');
	if (parts.length > 3 || parts.some((part) => part === '')) throw bad();
	const [first = '', second, options = ''] = parts;
	// A lone path is an anonymous volume; dockerd's CLI sends those in Config.Volumes, other clients here.
	const source = second === undefined ? '' : first;
	const target = second ?? first;
	if (!isAbsolute(target)) throw bad(`invalid mount path: '${target}' mount path must be absolute`);
	if (cleanPath(target) === '/') throw bad(`destination can't be '/'`);
	const bind = source.startsWith('/');
	if (!bind && source !== '' && !/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(source)) {
		throw new EngineError(
			'invalid_argument',
			`create ${source}: "${source}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
		);
	}
	const mode = parseBindOptions(options, () => new EngineError('invalid_argument', `invalid mode: ${options}`));
	if (!bind && mode.propagation !== '') throw new EngineError('invalid_argument', `invalid mode: ${options}`);
	return { ...plainMount, ...mode, type: bind ? 'bind' : 'volume', source, target, createSource: bind, bindSpec: spec };
}

function parseBindOptions(options: string, bad: () => EngineError) {
	let readOnly = false;
	let propagation = '';
	let noCopy = false;
	const groups = new Set<string>();
	for (const option of options === '' ? [] : options.split(',')) {
		const group = propagations.has(option) ? 'propagation' : option === 'ro' || option === 'rw' ? 'access' : option;
		if (groups.has(group)) throw bad();
		groups.add(group);
		if (group === 'propagation') propagation = option;
		else if (option === 'ro') readOnly = true;
		else if (option === 'nocopy') noCopy = true;
		// Labels matter to SELinux hosts only; consistency to none on Linux.
		else if (!['rw', 'z', 'Z', 'consistent', 'cached', 'delegated'].includes(option)) throw bad();
	}
	return { readOnly, propagation, noCopy };
}

/** One entry of `Mounts`. */
function mountOf(mount: CreateMount, path: string): MountRequest {
	const bad = (why: string) =>
		new EngineError('invalid_argument', `invalid mount config for type "${mount.Type}": ${why}`);
	const type = mount.Type;
	if (type !== 'bind' && type !== 'volume' && type !== 'tmpfs') {
		if (type === 'image' || type === 'npipe' || type === 'cluster') {
			throw new EngineError('unsupported', `${path}.Type: mounts of type ${type} are not supported`);
		}
		throw bad('mount type unknown');
	}
	if (mount.Target === '') throw bad('field Target must not be empty');
	if (!isAbsolute(mount.Target)) throw bad(`invalid mount path: '${mount.Target}' mount path must be absolute`);
	if (cleanPath(mount.Target) === '/') throw bad(`invalid specification: destination can't be '/'`);
	const foreign = { bind: 'BindOptions', volume: 'VolumeOptions', tmpfs: 'TmpfsOptions' } as const;
	for (const [other, field] of Object.entries(foreign)) {
		if (other !== type && mount[field as 'BindOptions'] !== null) throw bad(`field ${field} must not be specified`);
	}
	const base: MountRequest = {
		...plainMount,
		type,
		source: mount.Source,
		target: mount.Target,
		readOnly: mount.ReadOnly,
	};
	if (type === 'bind') return { ...base, ...bindPart(mount, bad, path) };
	if (type === 'tmpfs') return { ...base, ...tmpfsPart(mount, bad) };
	return { ...base, ...volumePart(mount, path) };
}

function bindPart(mount: CreateMount, bad: (why: string) => EngineError, path: string): Partial<MountRequest> {
	if (mount.Source === '') throw bad('field Source must not be empty');
	if (!isAbsolute(mount.Source)) throw bad(`invalid mount path: '${mount.Source}' mount path must be absolute`);
	const options = mount.BindOptions;
	if (options === null) return {};
	if (options.Propagation !== '' && !propagations.has(options.Propagation)) {
		throw bad(`invalid propagation mode: ${options.Propagation}`);
	}
	if (options.ReadOnlyNonRecursive || options.ReadOnlyForceRecursive) {
		throw new EngineError(
			'unsupported',
			`${path}.BindOptions: ReadOnlyNonRecursive and ReadOnlyForceRecursive are not supported`,
		);
	}
	return {
		propagation: options.Propagation,
		nonRecursive: options.NonRecursive,
		createSource: options.CreateMountpoint,
	};
}

function volumePart(mount: CreateMount, path: string): Partial<MountRequest> {
	const options = mount.VolumeOptions;
	if (options === null) return {};
	const driver = options.DriverConfig;
	if (options.Subpath !== '') throw new EngineError('unsupported', `${path}.VolumeOptions.Subpath is not supported`);
	if (Object.keys(options.Labels).length > 0) {
		throw new EngineError('unsupported', `${path}.VolumeOptions.Labels is not supported`);
	}
	if (driver !== null && ((driver.Name !== '' && driver.Name !== 'local') || Object.keys(driver.Options).length > 0)) {
		throw new EngineError('unsupported', `${path}.VolumeOptions.DriverConfig is not supported`);
	}
	return { noCopy: options.NoCopy };
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

/** One `--tmpfs` value: mount options by target. */
function tmpfsOf(target: string, options: string): MountRequest {
	const path = `HostConfig.Tmpfs[${JSON.stringify(target)}]`;
	if (!isAbsolute(target)) throw invalidField(path, 'mount path must be absolute');
	if (cleanPath(target) === '/') throw invalidField(path, `destination can't be '/'`);
	return { ...plainMount, type: 'tmpfs', source: '', target, tmpfsOptions: options === '' ? [] : options.split(',') };
}
