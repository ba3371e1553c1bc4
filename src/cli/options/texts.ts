import { EngineError } from '../../errors.ts';

/** `key=value` pairs as a map; a key alone has the value ''. Later ones win. */
export function pairsToMap(pairs: readonly string[]): Record<string, string> {
	const map: Record<string, string> = {};
	for (const pair of pairs) {
		const equals = pair.indexOf('=');
		map[equals < 0 ? pair : pair.slice(0, equals)] = equals < 0 ? '' : pair.slice(equals + 1);
	}
	return map;
}

/** A check for flags of `key=value`, both needed. */
export function pairFlag(text: string): string {
	if (text.indexOf('=') <= 0) throw new EngineError('invalid_argument', `${text} must be formatted as key=value`);
	return text;
}

/** A check for labels: `key` or `key=value`. */
export function labelFlag(text: string): string {
	const key = text.split('=')[0] ?? '';
	if (key === '') throw new EngineError('invalid_argument', `invalid label '${text}': empty name`);
	if (/[\s]/.test(key)) throw new EngineError('invalid_argument', `label '${key}' contains whitespaces`);
	return text;
}

/** A check for `-e`: a name is needed. */
export function envFlag(text: string): string {
	if (text === '' || text.startsWith('=')) {
		throw new EngineError('invalid_argument', `invalid environment variable: ${text}`);
	}
	return text;
}

/** Environment given on the command line: `NAME` alone takes its value from ours, and is left out when we have none. */
export function resolveEnv(entries: readonly string[], env: Readonly<Record<string, string | undefined>>): string[] {
	return entries.flatMap((entry) => {
		if (entry.includes('=')) return [entry];
		const own = env[entry];
		return own === undefined ? [entry] : [`${entry}=${own}`];
	});
}

/**
 * The lines of an env or label file: comments and empty lines dropped; `NAME` alone is looked up with `lookup`,
 * and left out when nothing is found.
 * @throws EngineError `invalid_argument` for a file that is not there or a line that cannot be.
 */
export async function readKeyValueFile(
	path: string,
	lookup: ((name: string) => string | undefined) | null,
): Promise<string[]> {
	const file = Bun.file(path);
	if (!(await file.exists())) {
		throw new EngineError('invalid_argument', `open ${path}: no such file or directory`);
	}
	const found: string[] = [];
	for (const raw of textLines(await file.bytes(), path)) {
		const line = raw.replace(/^[\s]+/, '');
		if (line === '' || line.startsWith('#')) continue;
		const equals = line.indexOf('=');
		const name = equals < 0 ? line : line.slice(0, equals);
		if (/\s/.test(name))
			throw new EngineError('invalid_argument', `invalid env file (${path}): variable '${name}' contains whitespaces`);
		if (name === '')
			throw new EngineError('invalid_argument', `invalid env file (${path}): no variable name on line '${line}'`);
		if (equals >= 0) found.push(line);
		else {
			const own = lookup?.(name);
			if (own !== undefined) found.push(`${name}=${own}`);
		}
	}
	return found;
}

/** Bytes of the longest line, its end not counted. */
const longestLine = 65_535;

/** The lines of a file, read as they are asked for: what is wrong on an earlier line is told first. */
function* textLines(bytes: Uint8Array, path: string): Generator<string> {
	const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
	const wrong = (what: string) => new EngineError('invalid_argument', `invalid env file (${path}): ${what}`);
	for (let from = 0, number = 1; from < bytes.length; number++) {
		const newline = bytes.indexOf(10, from);
		const end = newline < 0 ? bytes.length : newline;
		if (end - from > longestLine) throw wrong('bufio.Scanner: token too long');
		const line = bytes.subarray(from, bytes[end - 1] === 13 && end > from ? end - 1 : end);
		from = end + 1;
		let text: string;
		try {
			text = decoder.decode(line);
		} catch (error) {
			if (!(error instanceof TypeError)) throw error;
			throw wrong(`invalid utf8 bytes at line ${number}: [${line.join(' ')}]`);
		}
		yield number === 1 && text.startsWith('\ufeff') ? text.slice(1) : text;
	}
}

/** The fields of one line of CSV. @throws EngineError for a wrong quote. */
export function parseCsv(text: string): string[] {
	const fields: string[] = [];
	let at = 0;
	for (;;) {
		if (text[at] === '"') {
			let field = '';
			at++;
			for (;;) {
				const quote = text.indexOf('"', at);
				if (quote < 0) throw csvError(text.length + 1, 'extraneous or missing " in quoted-field');
				field += text.slice(at, quote);
				at = quote + 1;
				if (text[at] !== '"') break;
				field += '"';
				at++;
			}
			fields.push(field);
			if (at < text.length && text[at] !== ',') throw csvError(at, 'extraneous or missing " in quoted-field');
		} else {
			const comma = text.indexOf(',', at);
			const field = comma < 0 ? text.slice(at) : text.slice(at, comma);
			const quote = field.indexOf('"');
			if (quote >= 0) throw csvError(at + quote + 1, 'bare " in non-quoted-field');
			fields.push(field);
			at += field.length;
		}
		if (at >= text.length) return fields;
		at++;
		if (at === text.length) return [...fields, ''];
	}
}

function csvError(column: number, what: string): EngineError {
	return new EngineError('invalid_argument', `parse error on line 1, column ${column}: ${what}`);
}

/** A path from `folder`, without `.` and `..`. */
export function absolutePath(path: string, folder: string): string {
	const parts: string[] = [];
	for (const part of (path.startsWith('/') ? path : `${folder}/${path}`).split('/')) {
		if (part === '..') parts.pop();
		else if (part !== '' && part !== '.') parts.push(part);
	}
	return `/${parts.join('/')}`;
}

const kernelParameters = new Set(
	'msgmax msgmnb msgmni sem shmall shmmax shmmni shm_rmid_forced'.split(' ').map((name) => `kernel.${name}`),
);

/** A check for `--sysctl`: only parameters that belong to a namespace. */
export function sysctlFlag(text: string): string {
	const name = text.split('=')[0] ?? '';
	if (!text.includes('=') || !(kernelParameters.has(name) || /^(net|fs\.mqueue)\./.test(name))) {
		throw new EngineError('invalid_argument', `sysctl '${text}' is not allowed`);
	}
	return text;
}
