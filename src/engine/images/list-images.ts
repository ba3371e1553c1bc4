import { EngineError } from '../../errors.ts';
import { nowNano, parseNano } from '../../lib/time.ts';
import { familiarName, familiarString, parseReference } from '../../oci/reference.ts';
import type { Filters } from '../filters.ts';
import { type Catalog, type ImageRecord, imageOf } from './catalog.ts';
import { findImage } from './find-image.ts';
import type { Image } from './service.ts';

const known = new Set(['dangling', 'label', 'label!', 'before', 'since', 'reference', 'until']);

/** The images that pass all filters, newest first. @throws EngineError `invalid_argument`, `not_found` (before, since). */
export function listImages(catalog: Catalog, filters: Filters): readonly Image[] {
	for (const key of filters.keys()) {
		if (!known.has(key)) throw new EngineError('invalid_argument', `invalid filter '${key}'`);
	}
	const dangling = danglingOf(filters);
	const patterns = filters.get('reference') ?? [];
	const globs = patterns.map(glob);
	const passes = [...timeTests(catalog, filters), ...labelTests(filters)];
	const namesById = Map.groupBy(catalog.names.list(), ({ imageId }) => imageId);
	const images: Image[] = [];
	for (const record of catalog.list()) {
		if (!passes.every((test) => test(record))) continue;
		const all = (namesById.get(record.id) ?? []).map(({ name }) => name);
		const names = globs.length === 0 ? all : all.filter((name) => globs.some((test) => matchesName(test, name)));
		if (globs.length > 0 && names.length === 0) continue;
		const image = imageOf(record, names);
		if (dangling === true && image.tags.length > 0) continue;
		if (dangling === false && names.length === 0) continue;
		images.push(image);
	}
	return images.sort((a, b) => compare(created(b.createdAt), created(a.createdAt)));
}

function danglingOf(filters: Filters): boolean | undefined {
	const values = filters.get('dangling');
	if (values === undefined || values.length === 0) return undefined;
	const [value = ''] = values;
	if (/^(1|true|t)$/i.test(value)) return true;
	if (/^(0|false|f)$/i.test(value)) return false;
	throw new EngineError('invalid_argument', `invalid filter 'dangling=[${value}]'`);
}

type Test = (record: ImageRecord) => boolean;

function timeTests(catalog: Catalog, filters: Filters): Test[] {
	const before = (filters.get('before') ?? []).map((ref) => created(findImage(catalog, ref).createdAt));
	const until = (filters.get('until') ?? []).map(parseUntil);
	const since = (filters.get('since') ?? []).map((ref) => created(findImage(catalog, ref).createdAt));
	return [
		...[...before, ...until].map(
			(limit): Test =>
				(record) =>
					created(record.createdAt) < limit,
		),
		...since.map(
			(limit): Test =>
				(record) =>
					created(record.createdAt) > limit,
		),
	];
}

function labelTests(filters: Filters): Test[] {
	const has = (text: string): Test => {
		const [key = '', ...rest] = text.split('=');
		return ({ config }) => {
			const value = config.config?.Labels?.[key];
			return value !== undefined && (rest.length === 0 || value === rest.join('='));
		};
	};
	return [
		...(filters.get('label') ?? []).map(has),
		...(filters.get('label!') ?? []).map((text): Test => {
			const test = has(text);
			return (record) => !test(record);
		}),
	];
}

const unitNano: Readonly<Record<string, number>> = { h: 3.6e12, m: 6e10, s: 1e9, ms: 1e6, us: 1e3, µs: 1e3, ns: 1 };

/** A Go duration before now, seconds since the epoch, or a date; as nanoseconds since the epoch. */
function parseUntil(text: string): bigint {
	if (/^\d+(\.\d+)?$/.test(text)) return BigInt(Math.round(Number(text) * 1000)) * 1_000_000n;
	if (/^(\d+(\.\d+)?(h|ms|m|s|us|µs|ns))+$/.test(text)) {
		let total = 0;
		for (const [, number, , unit = ''] of text.matchAll(/(\d+(\.\d+)?)(h|ms|m|s|us|µs|ns)/g)) {
			total += Number(number) * (unitNano[unit] ?? 0);
		}
		return nowNano() - BigInt(Math.round(total));
	}
	const time = Date.parse(text);
	if (Number.isNaN(time)) throw new EngineError('invalid_argument', `invalid filter 'until=[${text}]'`);
	return BigInt(time) * 1_000_000n;
}

function created(text: string): bigint {
	return parseNano(text) ?? 0n;
}

function compare(a: bigint, b: bigint): number {
	return a < b ? -1 : a > b ? 1 : 0;
}

function matchesName(test: RegExp, name: string): boolean {
	const reference = parseReference(name);
	return test.test(familiarString(reference)) || test.test(familiarName(reference));
}

/** A shell pattern (`*` and `?` stop at slashes, `[a-z]`, `\` quotes) as a regular expression. */
function glob(pattern: string): RegExp {
	const invalid = () => new EngineError('invalid_argument', `invalid filter 'reference=[${pattern}]'`);
	if (pattern.length > 512) throw invalid();
	const parts: string[] = [];
	for (let position = 0; position < pattern.length; position++) {
		const letter = pattern.charAt(position);
		if (letter === '*') {
			// A row of stars says no more than one, and would be slow.
			if (parts.at(-1) !== '[^/]*') parts.push('[^/]*');
		} else if (letter === '?') parts.push('[^/]');
		else if (letter === '[') {
			const end = pattern.indexOf(']', position + 2);
			if (end < 0) throw invalid();
			const inside = pattern.slice(position + 1, end).replace(/[\\[\]]/g, '\\$&');
			parts.push(`[${inside}]`);
			position = end;
		} else {
			if (letter === '\\') position++;
			if (position >= pattern.length) throw invalid();
			parts.push(RegExp.escape(pattern.charAt(position)));
		}
	}
	try {
		return new RegExp(`^${parts.join('')}$`);
	} catch {
		// A range such as [z-a].
		throw invalid();
	}
}
