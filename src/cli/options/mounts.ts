import type { MountSpec } from '../../api/container.ts';
import { EngineError } from '../../errors.ts';
import { parseBytes } from './numbers.ts';
import { absolutePath, parseCsv } from './texts.ts';

function wrong(message: string): EngineError {
	return new EngineError('invalid_argument', message);
}

type Mutable = {
	-readonly [K in keyof MountSpec]: MountSpec[K];
};

const truths: Readonly<Record<string, boolean>> = {
	'1': true,
	t: true,
	true: true,
	'0': false,
	f: false,
	false: false,
};

function truth(key: string, value: string | undefined): boolean {
	if (value === undefined) return true;
	const known = truths[value.toLowerCase()];
	if (known === undefined) throw wrong(`invalid value for ${key}: ${value}`);
	return known;
}

/**
 * Parses a `--mount` value: `type=bind,source=/a,target=/b,readonly`.
 * @throws EngineError `invalid_argument` for unknown keys and what does not fit the type.
 */
export function parseMount(text: string, folder: string): MountSpec {
	const mount: Mutable = { Type: 'volume' };
	for (const field of parseCsv(text)) {
		const equals = field.indexOf('=');
		const key = (equals < 0 ? field : field.slice(0, equals)).toLowerCase();
		const value = equals < 0 ? undefined : field.slice(equals + 1);
		if (value === undefined && !switches.has(key)) throw wrong(`invalid field '${field}' must be a key=value pair`);
		applyField(mount, key, value, folder);
	}
	checkMount(mount);
	return mount;
}

const switches = new Set(['readonly', 'ro', 'volume-nocopy', 'bind-nonrecursive', 'bind-create-src']);

function applyField(mount: Mutable, key: string, given: string | undefined, folder: string): void {
	const value = given ?? '';
	switch (key) {
		case 'type':
			mount.Type = value.toLowerCase() as NonNullable<MountSpec['Type']>;
			return;
		case 'source':
		case 'src':
			mount.Source = /^\.{1,2}(\/|$)/.test(value) ? absolutePath(value, folder) : value;
			return;
		case 'target':
		case 'dst':
		case 'destination':
			mount.Target = value;
			return;
		case 'readonly':
		case 'ro':
			mount.ReadOnly = truth(key, given);
			return;
		case 'consistency':
			mount.Consistency = value.toLowerCase();
			return;
		default:
			applyOption(mount, key, given);
	}
}

function applyOption(mount: Mutable, key: string, given: string | undefined): void {
	const value = given ?? '';
	const [first = '', ...rest] = value.split('=');
	const driver = mount.VolumeOptions?.DriverConfig ?? {};
	if (key.startsWith('volume-')) mount.VolumeOptions = { ...mount.VolumeOptions, DriverConfig: driver };
	switch (key) {
		case 'bind-propagation':
			mount.BindOptions = { ...mount.BindOptions, Propagation: value.toLowerCase() as 'rprivate' };
			return;
		case 'bind-nonrecursive':
			mount.BindOptions = { ...mount.BindOptions, NonRecursive: truth(key, given) };
			return;
		case 'bind-recursive':
			mount.BindOptions = { ...mount.BindOptions, ...recursion(value) };
			return;
		case 'volume-nocopy':
			mount.VolumeOptions = { ...mount.VolumeOptions, NoCopy: truth(key, given) };
			return;
		case 'volume-label':
			mount.VolumeOptions = {
				...mount.VolumeOptions,
				Labels: { ...mount.VolumeOptions?.Labels, [first]: rest.join('=') },
			};
			return;
		case 'volume-subpath':
			mount.VolumeOptions = { ...mount.VolumeOptions, Subpath: value };
			return;
		case 'volume-driver':
			mount.VolumeOptions = { ...mount.VolumeOptions, DriverConfig: { ...driver, Name: value } };
			return;
		case 'volume-opt':
			mount.VolumeOptions = {
				...mount.VolumeOptions,
				DriverConfig: { ...driver, Options: { ...driver.Options, [first]: rest.join('=') } },
			};
			return;
		case 'image-subpath':
			mount.ImageOptions = { Subpath: value };
			return;
		case 'tmpfs-size':
			mount.TmpfsOptions = { ...mount.TmpfsOptions, SizeBytes: sizeOf(key, value) };
			return;
		case 'tmpfs-mode':
			if (!/^[0-7]+$/.test(value)) throw wrong(`invalid value for ${key}: ${value}`);
			mount.TmpfsOptions = { ...mount.TmpfsOptions, Mode: Number.parseInt(value, 8) };
			return;
		default:
			throw wrong(`unexpected key '${key}' in '${given === undefined ? key : `${key}=${value}`}'`);
	}
}

function sizeOf(key: string, value: string): number {
	try {
		return parseBytes(value);
	} catch (error) {
		throw new EngineError('invalid_argument', `invalid value for ${key}: ${value}`, { cause: error });
	}
}

function recursion(value: string): NonNullable<MountSpec['BindOptions']> {
	switch (value) {
		case 'enabled':
			return {};
		case 'disabled':
			return { NonRecursive: true };
		case 'writable':
			return { ReadOnlyNonRecursive: true };
		case 'readonly':
			return { ReadOnlyForceRecursive: true };
		default:
			throw wrong(
				`invalid value for bind-recursive: ${value} (must be "enabled", "disabled", "writable", or "readonly")`,
			);
	}
}

function checkMount(mount: MountSpec): void {
	if (mount.Type === undefined || (mount.Type as string) === '') throw wrong('type is required');
	if (mount.Target === undefined || mount.Target === '') throw wrong('target is required');
	const mixed = (option: string) => wrong(`cannot mix '${option}' options with mount type '${mount.Type}'`);
	if (mount.VolumeOptions !== undefined && mount.Type !== 'volume') throw mixed('volume-*');
	if (mount.ImageOptions !== undefined && mount.Type !== 'image') throw mixed('image-*');
	if (mount.BindOptions !== undefined && mount.Type !== 'bind') throw mixed('bind-*');
	if (mount.TmpfsOptions !== undefined && mount.Type !== 'tmpfs') throw mixed('tmpfs-*');
	if (mount.BindOptions?.ReadOnlyNonRecursive === true && mount.ReadOnly !== true) {
		throw wrong(`option 'bind-recursive=writable' requires 'readonly' to be specified in conjunction`);
	}
	if (mount.BindOptions?.ReadOnlyForceRecursive === true) {
		if (mount.ReadOnly !== true) {
			throw wrong(`option 'bind-recursive=readonly' requires 'readonly' to be specified in conjunction`);
		}
		if (mount.BindOptions.Propagation !== 'rprivate') {
			throw wrong(
				`option 'bind-recursive=readonly' requires 'bind-propagation=rprivate' to be specified in conjunction`,
			);
		}
	}
}

/** @throws EngineError `invalid_argument` for sections that are empty, or one too many. A letter alone before a colon is a drive. */
function checkSections(spec: string): void {
	if (spec === '') throw wrong('invalid empty volume spec');
	if (spec.length <= 2) return;
	let sections = 0;
	let section = '';
	for (const [at, char] of [...spec, ''].entries()) {
		if (char !== ':' && char !== '') section += char;
		else if (char === ':' && /^\p{L}$/u.test(section)) section += char;
		else {
			if (section === '') throw wrong(`invalid spec: ${spec}: empty section between colons`);
			if (++sections > 2 && at < spec.length) throw wrong(`invalid spec: ${spec}: too many colons`);
			section = '';
		}
	}
}

/** `-v` values apart: binds (with a source) and anonymous volumes (a path only). Relative sources become absolute. */
export function splitVolumes(
	values: readonly string[],
	folder: string,
): { binds: string[]; volumes: Record<string, Record<string, never>> } {
	const binds: string[] = [];
	const volumes: Record<string, Record<string, never>> = {};
	for (const value of values) {
		checkSections(value);
		const parts = value.split(':');
		if (parts.length === 1 || value.length <= 2) {
			volumes[value] = {};
			continue;
		}
		if (/^\.{1,2}(\/|$)/.test(parts[0] ?? '')) parts[0] = absolutePath(parts[0] ?? '', folder);
		binds.push(parts.join(':'));
	}
	return { binds, volumes };
}

/** `--tmpfs` values: path → options. */
export function parseTmpfs(values: readonly string[]): Record<string, string> {
	const found: Record<string, string> = {};
	for (const value of values) {
		const colon = value.indexOf(':');
		found[colon < 0 ? value : value.slice(0, colon)] = colon < 0 ? '' : value.slice(colon + 1);
	}
	return found;
}
