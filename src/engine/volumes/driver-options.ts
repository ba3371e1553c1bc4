import { EngineError } from '../../errors.ts';

/** Options of the `local` driver, as they were given. */
export type DriverOptions = Readonly<Record<string, string>>;

/** What a volume's options mount at its place. */
export interface DeviceMount {
	readonly device: string;
	/** `none`, `tmpfs`, `nfs` …: what mount(8) takes as `-t`. */
	readonly type: string;
	/** What mount(8) takes as `-o`. */
	readonly options: string;
}

const known = new Set(['type', 'o', 'device', 'size']);
const together: readonly (readonly [string, string])[] = [
	['device', 'type'],
	['type', 'device'],
];

function refuse(problem: string): never {
	throw new EngineError('invalid_argument', problem);
}

/** Bytes of `10m`, `1.5GiB` …; null for what is no size. */
function bytesOf(text: string): number | null {
	const match = /^(\d+(?:\.\d+)?) ?([kmgtp]?)(?:i?b)?$/i.exec(text);
	if (match === null) return null;
	return Number(match[1]) * 1024 ** ' kmgtp'.indexOf(match[2]?.toLowerCase() || ' ');
}

/** @throws `invalid_argument` in dockerd's words for options that the `local` driver does not take. */
export function checkDriverOptions(options: DriverOptions): void {
	for (const name of Object.keys(options)) if (!known.has(name)) refuse(`invalid option: ${JSON.stringify(name)}`);
	const { type, device, size } = options;
	if (type === 'cifs' && device !== undefined && /^[^/]*\/\/[^/]*:\d+(\/|$)/.test(device)) {
		refuse("port not allowed in CIFS device URL, include 'port' in 'o='");
	}
	if (size !== undefined) {
		const bytes = bytesOf(size);
		if (bytes === null) refuse(`invalid size: '${size}'`);
		if (bytes > 0) refuse('quota size requested but no quota support');
	}
	for (const [given, needed] of together) {
		if (options[given] !== undefined && options[needed] === undefined) {
			refuse(`missing required option: ${JSON.stringify(needed)}`);
		}
	}
}

/** What to mount for these options; null for a volume that is a plain directory. @throws `internal` for a type without a device. */
export function deviceMountOf(options: DriverOptions | null): DeviceMount | null {
	const { type = '', device = '', o = '' } = options ?? {};
	if (type === '' && device === '') return null;
	if (device === '') throw new EngineError('internal', 'missing device in volume options');
	return { device, type, options: o };
}
