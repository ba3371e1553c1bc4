import type { LogFiles } from '../../../runtime/protocol.ts';
import {
	invalid,
	type LogOptionMap,
	notInitialized,
	optional,
	parseBool,
	parseSize,
	parseWhole,
} from './option-values.ts';

/** What a driver that writes files keeps when nothing is asked for. */
export interface FileDefaults {
	readonly maxSize: number;
	readonly maxFiles: number;
	readonly compress: boolean;
}

const mebi = 1024 * 1024;

/** Enough for a long look back, and no disk is filled by a container that nobody watches. Docker has no limit here. */
export const jsonFileDefaults: FileDefaults = { maxSize: 100 * mebi, maxFiles: 5, compress: false };
/** Docker's. */
export const localDefaults: FileDefaults = { maxSize: 20 * mebi, maxFiles: 5, compress: true };

/** `max-size`, `max-file` and `compress` of `json-file`. @throws `invalid_argument` */
export function jsonFileOptions(options: LogOptionMap): FileDefaults {
	const sized = optional(options, 'max-size', null, (text) => sizeOf(text, `invalid size: '${text}'`));
	// Whoever gives a size and no count has one file, as with Docker; whoever gives neither has the default.
	const maxFiles = countOf(options, sized === null ? jsonFileDefaults.maxFiles : 1);
	const compress = boolOf(options, 'compress', jsonFileDefaults.compress);
	const explicit = options['max-file'] !== undefined ? maxFiles : 1;
	if (compress && (explicit < 2 || sized === null || sized < 0)) {
		throw notInitialized('compress cannot be true when max-file is less than 2 or max-size is not set');
	}
	return { maxSize: sized ?? jsonFileDefaults.maxSize, maxFiles, compress };
}

/** The same of `local`, and of the copies of logs that cannot be read (`prefix`: `cache-`). @throws `invalid_argument` */
export function localOptions(options: LogOptionMap, prefix = ''): FileDefaults {
	const own = Object.fromEntries(
		['max-size', 'max-file', 'compress'].flatMap((name) => {
			const value = options[`${prefix}${name}`];
			return value === undefined ? [] : [[name, value]];
		}),
	);
	const maxSize = optional(own, 'max-size', localDefaults.maxSize, (text) =>
		sizeOf(text, `invalid value for max-size: ${text}: invalid size: '${text}'`),
	);
	const maxFiles = countOf(own, localDefaults.maxFiles);
	const compress = boolOf(own, 'compress', localDefaults.compress && maxFiles > 1);
	if (compress && maxFiles < 2) throw notInitialized('compression cannot be enabled when max file count is 1');
	return { maxSize, maxFiles, compress };
}

/** -1: no limit. Docker has no way to say so, and takes no negative size. */
function sizeOf(text: string, message: string): number {
	if (text === '-1') return -1;
	const size = parseSize(text, 1000);
	if (size === null) throw notInitialized(message);
	if (size === 0) throw notInitialized('max-size must be a positive number');
	return size;
}

function countOf(options: LogOptionMap, fallback: number): number {
	const count = initialized(() => optional(options, 'max-file', fallback, (text) => parseWhole(text, 'Atoi')));
	if (count < 1) throw notInitialized('max-file cannot be less than 1');
	return count;
}

function boolOf(options: LogOptionMap, name: string, fallback: boolean): boolean {
	return initialized(() => optional(options, name, fallback, parseBool));
}

function initialized<T>(parse: () => T): T {
	try {
		return parse();
	} catch (error) {
		throw error instanceof Error ? notInitialized(error.message) : error;
	}
}

/** The copy of a log that cannot be read where it goes; null: none is wanted. @throws `invalid_argument` */
export function cacheFiles(options: LogOptionMap, path: string): LogFiles | null {
	const disabled = options['cache-disabled'];
	try {
		if (disabled !== undefined && disabled !== '' && parseBool(disabled)) return null;
	} catch {
		throw invalid(`invalid value for option cache-disabled: ${disabled}`);
	}
	return { path, ...localOptions(options, 'cache-') };
}
