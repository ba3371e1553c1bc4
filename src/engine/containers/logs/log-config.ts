import { EngineError, messageOf } from '../../../errors.ts';
import type { LogTarget } from '../../../runtime/protocol.ts';
import type { Container } from '../model.ts';

const mebi = 1024 * 1024;
const units: Readonly<Record<string, number>> = {
	'': 1,
	b: 1,
	k: 1024,
	m: mebi,
	g: 1024 * mebi,
	t: 1024 * 1024 * mebi,
};
const known = new Set(['max-size', 'max-file', 'compress', 'labels', 'labels-regex', 'env', 'env-regex', 'tag']);

/** Options of the `json-file` driver, checked. Sizes in bytes, -1: unlimited. */
export interface JsonFileOptions {
	readonly maxSize: number;
	readonly maxFiles: number;
	readonly compress: boolean;
}

function parseSize(text: string): number {
	const match = /^(\d+(?:\.\d+)?)\s*([bkmgt]?)i?b?$/i.exec(text.trim());
	const unit = units[(match?.[2] ?? '').toLowerCase()];
	if (match === null || unit === undefined) {
		throw new EngineError('invalid_argument', `invalid max-size ${JSON.stringify(text)}: give a number with k, m or g`);
	}
	return Math.floor(Number(match[1]) * unit);
}

/** The pattern of an option; null when it is not given. @throws `invalid_argument`. */
function compilePattern(option: string, text: string | undefined): RegExp | null {
	if (text === undefined || text === '') return null;
	try {
		return new RegExp(text);
	} catch (error) {
		throw new EngineError('invalid_argument', `invalid value for log opt '${option}': ${messageOf(error)}`);
	}
}

/** Checks a driver and its options. null: the `none` driver. @throws `invalid_argument`. */
export function parseLogOptions(driver: string, options: Readonly<Record<string, string>>): JsonFileOptions | null {
	if (driver === 'none') return null;
	if (driver !== 'json-file') {
		throw new EngineError('invalid_argument', `logger: no log driver named '${driver}' is registered`);
	}
	for (const key of Object.keys(options)) {
		if (!known.has(key)) {
			throw new EngineError('invalid_argument', `unknown log opt '${key}' for json-file log driver`);
		}
	}
	for (const key of ['labels-regex', 'env-regex']) compilePattern(key, options[key]);
	const maxSize = options['max-size'] === undefined ? -1 : parseSize(options['max-size']);
	const maxFiles = Number(options['max-file'] ?? '1');
	if (!Number.isInteger(maxFiles) || maxFiles < 1) {
		throw new EngineError('invalid_argument', 'max-file cannot be less than 1');
	}
	const compress = options.compress ?? 'false';
	if (compress !== 'true' && compress !== 'false') {
		throw new EngineError('invalid_argument', `invalid value for log opt 'compress': ${compress}`);
	}
	if (compress === 'true' && (maxFiles < 2 || maxSize === -1)) {
		throw new EngineError(
			'invalid_argument',
			'compress cannot be true when max-file is less than 2 or max-size is not set',
		);
	}
	return { maxSize, maxFiles, compress: compress === 'true' };
}

function pick(
	all: Readonly<Record<string, string>>,
	names: string | undefined,
	regex: string | undefined,
): Record<string, string> {
	const wanted = new Set((names ?? '').split(',').filter((name) => name !== ''));
	const pattern = compilePattern('regex', regex);
	return Object.fromEntries(Object.entries(all).filter(([key]) => wanted.has(key) || pattern?.test(key) === true));
}

/** The `attrs` of each log line, after the options `labels`, `env` and `tag`. */
function logAttributes(container: Container): Record<string, string> {
	const options = container.hostConfig.logOptions;
	const env = Object.fromEntries(
		container.config.env.map((entry) => {
			const cut = entry.indexOf('=');
			return cut < 0 ? [entry, ''] : [entry.slice(0, cut), entry.slice(cut + 1)];
		}),
	);
	const tag = options.tag
		?.replaceAll('{{.ID}}', container.id.slice(0, 12))
		.replaceAll('{{.FullID}}', container.id)
		.replaceAll('{{.Name}}', container.name)
		.replaceAll('{{.ImageName}}', container.config.image)
		.replaceAll('{{.ImageID}}', container.imageId.slice(7, 19))
		.replaceAll('{{.ImageFullID}}', container.imageId);
	return {
		...pick(container.config.labels, options.labels, options['labels-regex']),
		...pick(env, options.env, options['env-regex']),
		...(tag === undefined ? {} : { tag }),
	};
}

/** How the shim keeps this container's output. */
export function logTarget(container: Container, path: string): LogTarget {
	const options = parseLogOptions(container.hostConfig.logDriver, container.hostConfig.logOptions);
	if (options === null) return { driver: 'none' };
	return { driver: 'json-file', path, ...options, attributes: logAttributes(container) };
}
