import { EngineError } from '../../../errors.ts';
import type { Healthcheck, ImageExecConfig } from '../../../oci/types.ts';

type Draft = { -readonly [K in keyof ImageExecConfig]: ImageExecConfig[K] };
type Apply = (draft: Draft, rest: string) => void;

/**
 * Applies Dockerfile instructions (`CMD ["sh"]`, `ENV a=b`) to an image's execution config.
 * @throws EngineError `invalid_argument` for an instruction that cannot be read or is not one of those allowed.
 */
export function applyChanges(config: ImageExecConfig, changes: readonly string[]): ImageExecConfig {
	const draft: Draft = { ...config };
	for (const change of changes) {
		for (const line of change.split(/(?<!\\)\n/)) {
			const text = line.replace(/\\\n/g, '').trim();
			if (text === '' || text.startsWith('#')) continue;
			const [, word = '', rest = ''] = /^(\S+)\s*([\s\S]*)$/.exec(text) ?? [];
			applyOne(draft, word, rest.trim());
		}
	}
	return draft;
}

function applyOne(draft: Draft, word: string, rest: string): void {
	const apply = instructions[word.toUpperCase()];
	if (apply === undefined) throw invalid(`${word} is not a valid change command`);
	if (rest === '') throw invalid(`${word.toUpperCase()} requires an argument`);
	apply(draft, rest);
}

const instructions: Readonly<Record<string, Apply>> = {
	CMD(draft, rest) {
		draft.Cmd = command(rest, draft);
	},
	ENTRYPOINT(draft, rest) {
		draft.Entrypoint = command(rest, draft);
		// The command of the base belongs to the old entrypoint.
		draft.Cmd = null;
	},
	ENV(draft, rest) {
		const env = [...(draft.Env ?? [])];
		for (const [key, value] of pairs(rest, 'ENV')) {
			const position = env.findIndex((entry) => entry.startsWith(`${key}=`));
			if (position < 0) env.push(`${key}=${value}`);
			else env[position] = `${key}=${value}`;
		}
		draft.Env = env;
	},
	LABEL(draft, rest) {
		draft.Labels = { ...draft.Labels, ...Object.fromEntries(pairs(rest, 'LABEL')) };
	},
	EXPOSE(draft, rest) {
		const ports = rest.split(/\s+/).flatMap(exposed);
		draft.ExposedPorts = { ...draft.ExposedPorts, ...Object.fromEntries(ports.map((port) => [port, {}])) };
	},
	USER(draft, rest) {
		draft.User = rest;
	},
	WORKDIR(draft, rest) {
		const [path = ''] = words(rest);
		const joined = path.startsWith('/') ? path : `${draft.WorkingDir ?? ''}/${path}`;
		draft.WorkingDir = cleanPath(joined);
	},
	VOLUME(draft, rest) {
		const paths = jsonList(rest) ?? rest.split(/\s+/);
		if (paths.some((path) => path.trim() === '')) throw invalid('VOLUME specified can not be an empty string');
		draft.Volumes = { ...draft.Volumes, ...Object.fromEntries(paths.map((path) => [path, {}])) };
	},
	ONBUILD(draft, rest) {
		const trigger = rest.split(/\s/)[0]?.toUpperCase();
		if (trigger === 'ONBUILD') throw invalid("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
		if (trigger === 'FROM' || trigger === 'MAINTAINER') throw invalid(`${trigger} isn't allowed as an ONBUILD trigger`);
		draft.OnBuild = [...(draft.OnBuild ?? []), rest];
	},
	STOPSIGNAL(draft, rest) {
		if (!/^(SIG)?[A-Z]+([0-9+-]+)?$|^\d{1,2}$/i.test(rest)) throw invalid(`invalid signal: ${rest}`);
		draft.StopSignal = rest;
	},
	HEALTHCHECK(draft, rest) {
		draft.Healthcheck = healthcheck(rest, draft);
	},
};

/** The exec form is a JSON list; anything else is for the shell. */
function command(rest: string, draft: Draft): readonly string[] {
	return jsonList(rest) ?? [...(draft.Shell ?? ['/bin/sh', '-c']), rest];
}

function jsonList(text: string): string[] | undefined {
	if (!text.startsWith('[')) return undefined;
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		// `[ -f x ] && y` is a command for the shell.
		return undefined;
	}
	return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined;
}

/** `a=b c="d e"`, or the old `a b c` (one key, the rest is the value). */
function pairs(text: string, name: string): [string, string][] {
	const list = words(text);
	const [first = ''] = list;
	if (!first.includes('=')) {
		const [, key = '', value] = /^(\S+)\s+([\s\S]+)$/.exec(text) ?? [];
		if (value === undefined) throw invalid(`${name} must have two arguments`);
		return [[key, value]];
	}
	return list.map((word) => {
		const equals = word.indexOf('=');
		if (equals < 0)
			throw invalid(`Syntax error - can't find = in ${JSON.stringify(word)}. Must be of the form: name=value`);
		if (equals === 0) throw invalid(`${name} names can not be blank`);
		return [word.slice(0, equals), word.slice(equals + 1)];
	});
}

/** Splits at white space outside quotes and takes the quotes off; `\` quotes the next letter outside single quotes. */
function words(text: string): string[] {
	const result: string[] = [];
	let current: string | undefined;
	let quote = '';
	for (let position = 0; position < text.length; position++) {
		const letter = text.charAt(position);
		if (letter === '\\' && quote !== "'" && position + 1 < text.length)
			current = (current ?? '') + text.charAt(++position);
		else if (quote !== '') {
			if (letter === quote) quote = '';
			else current = (current ?? '') + letter;
		} else if (letter === '"' || letter === "'") {
			quote = letter;
			current ??= '';
		} else if (/\s/.test(letter)) {
			if (current !== undefined) result.push(current);
			current = undefined;
		} else current = (current ?? '') + letter;
	}
	if (quote !== '') throw invalid('unexpected end of statement while looking for matching quote');
	if (current !== undefined) result.push(current);
	return result;
}

function exposed(text: string): string[] {
	const match = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/i.exec(text);
	const first = Number(match?.[1]);
	const last = match?.[2] === undefined ? first : Number(match[2]);
	if (match === null || first < 1 || last > 65_535 || last < first) throw invalid(`invalid containerPort: ${text}`);
	const protocol = (match[3] ?? 'tcp').toLowerCase();
	return Array.from({ length: last - first + 1 }, (_, offset) => `${first + offset}/${protocol}`);
}

function cleanPath(path: string): string {
	const parts: string[] = [];
	for (const part of path.split('/')) {
		if (part === '..') parts.pop();
		else if (part !== '' && part !== '.') parts.push(part);
	}
	return `/${parts.join('/')}`;
}

const durationOptions: Readonly<Record<string, 'Interval' | 'Timeout' | 'StartPeriod' | 'StartInterval'>> = {
	'--interval': 'Interval',
	'--timeout': 'Timeout',
	'--start-period': 'StartPeriod',
	'--start-interval': 'StartInterval',
};

function healthcheck(rest: string, draft: Draft): Healthcheck {
	const result: { -readonly [K in keyof Healthcheck]: Healthcheck[K] } = {};
	let text = rest;
	for (let match = /^(--[a-z-]+)=(\S+)\s*/.exec(text); match !== null; match = /^(--[a-z-]+)=(\S+)\s*/.exec(text)) {
		const [whole, option = '', value = ''] = match;
		const field = durationOptions[option];
		if (field !== undefined) result[field] = duration(value);
		else if (option === '--retries' && /^\d{1,9}$/.test(value)) result.Retries = Number(value);
		else throw invalid(`unknown or invalid HEALTHCHECK option ${option}=${value}`);
		text = text.slice(whole.length);
	}
	const [, kind = '', tail = ''] = /^(\S+)\s*([\s\S]*)$/.exec(text) ?? [];
	if (kind.toUpperCase() === 'NONE') {
		if (tail !== '' || Object.keys(result).length > 0) throw invalid('HEALTHCHECK NONE takes no arguments');
		return { Test: ['NONE'] };
	}
	if (kind.toUpperCase() !== 'CMD') throw invalid(`Unknown type ${JSON.stringify(kind)} in HEALTHCHECK (try CMD)`);
	if (tail === '') throw invalid('Missing command after HEALTHCHECK CMD');
	const list = jsonList(tail);
	const { Shell } = draft;
	result.Test = list !== undefined ? ['CMD', ...list] : Shell ? ['CMD', ...Shell, tail] : ['CMD-SHELL', tail];
	return result;
}

const unitNano: Readonly<Record<string, number>> = { h: 3.6e12, m: 6e10, s: 1e9, ms: 1e6, us: 1e3, ns: 1 };

/** Nanoseconds of a Go duration. */
function duration(text: string): number {
	if (!/^(\d+(\.\d+)?(h|ms|m|s|us|ns))+$/.test(text)) throw invalid(`invalid duration ${JSON.stringify(text)}`);
	let total = 0;
	for (const [, number, unit = ''] of text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s|us|ns)/g)) {
		total += Number(number) * (unitNano[unit] ?? 0);
	}
	return Math.round(total);
}

function invalid(message: string): EngineError {
	return new EngineError('invalid_argument', message);
}
