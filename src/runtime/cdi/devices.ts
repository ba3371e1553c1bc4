import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError, messageOf } from '../../errors.ts';
import { type CdiEdits, type CdiSpec, readCdiSpec } from './spec.ts';

/** Largest file of devices that is read. */
const most = 4 * 1024 * 1024;

/**
 * What the named devices (`vendor.com/class=name`) do to a container: the edits of their files, then their own. Later
 * directories win over earlier ones; a device that two files of one directory have is in none.
 * @throws EngineError `invalid_argument` naming the devices that are not there, with files that could not be read
 */
export function resolveCdiDevices(directories: readonly string[], names: readonly string[]): readonly CdiEdits[] {
	if (names.length === 0) return [];
	const { devices, failures } = readDirectories(directories);
	const unknown = names.filter((name) => devices.get(name) === undefined);
	if (unknown.length > 0) {
		const reasons = failures.length === 0 ? '' : ` (${failures.join('; ')})`;
		throw new EngineError(
			'invalid_argument',
			`CDI device injection failed: unresolvable CDI devices ${unknown.join(', ')}${reasons}`,
		);
	}
	const used = new Set<CdiSpec>();
	return [...new Set(names)].flatMap((name) => {
		const found = devices.get(name);
		if (found === undefined) return [];
		const own = used.has(found.spec) ? [] : [found.spec.edits];
		used.add(found.spec);
		return [...own, found.edits];
	});
}

interface Found {
	readonly spec: CdiSpec;
	readonly edits: CdiEdits;
}

function readDirectories(directories: readonly string[]): {
	devices: ReadonlyMap<string, Found | undefined>;
	failures: readonly string[];
} {
	const devices = new Map<string, Found | undefined>();
	const failures: string[] = [];
	for (const directory of directories) {
		const here = new Map<string, Found | undefined>();
		for (const file of filesOf(directory)) {
			try {
				const spec = readCdiSpec(parseFile(file));
				for (const [name, edits] of spec.devices) {
					const full = `${spec.kind}=${name}`;
					here.set(full, here.has(full) ? undefined : { spec, edits });
				}
			} catch (error) {
				failures.push(`${file}: ${messageOf(error)}`);
			}
		}
		for (const [name, found] of here) devices.set(name, found);
	}
	return { devices, failures };
}

function filesOf(directory: string): readonly string[] {
	try {
		return readdirSync(directory)
			.filter((name) => /\.(json|ya?ml)$/.test(name))
			.sort()
			.map((name) => join(directory, name));
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		if (code === 'ENOENT' || code === 'ENOTDIR') return [];
		throw error;
	}
}

function parseFile(file: string): unknown {
	const stat = statSync(file);
	if (!stat.isFile()) throw new EngineError('invalid_argument', 'not a regular file');
	if (stat.size > most) throw new EngineError('invalid_argument', `larger than ${most} bytes`);
	const text = readFileSync(file, 'utf8');
	return file.endsWith('.json') ? JSON.parse(text) : Bun.YAML.parse(text);
}
