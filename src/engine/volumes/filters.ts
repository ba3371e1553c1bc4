import { EngineError } from '../../errors.ts';
import type { Filters } from '../filters.ts';
import type { Volume } from './volumes.ts';

/** Says whether a volume is among those that filters ask for. */
export type VolumeTest = (volume: Volume) => boolean;

const truths: Readonly<Record<string, boolean>> = { '1': true, true: true, '0': false, false: false };

/** The value of a filter that is yes or no; null when it is not given. @throws `invalid_argument` */
function truthOf(filters: Filters, key: string): boolean | null {
	const values = filters.get(key);
	if (values === undefined) return null;
	const truth = values.length === 1 ? truths[values[0]?.toLowerCase() ?? ''] : undefined;
	if (truth === undefined) throw new EngineError('invalid_argument', `invalid filter '${key}=[${values.join(' ')}]'`);
	return truth;
}

function hasLabel({ labels }: Volume, wanted: string): boolean {
	const cut = wanted.indexOf('=');
	const key = cut < 0 ? wanted : wanted.slice(0, cut);
	return Object.hasOwn(labels, key) && (cut < 0 || labels[key] === wanted.slice(cut + 1));
}

/** A pattern that is none matches the same text. */
function matcher(pattern: string): (name: string) => boolean {
	try {
		const regex = new RegExp(pattern);
		return (name) => regex.test(name);
	} catch {
		return (name) => name === pattern;
	}
}

/**
 * One test of all filters. `known`: the keys that may be given; `inUse`: whether a container has it.
 * @throws `invalid_argument` for another key or a value that makes no sense.
 */
export function volumeTest(
	filters: Filters,
	known: readonly string[],
	inUse: (name: string) => boolean,
	isAnonymous: VolumeTest,
): VolumeTest {
	for (const key of filters.keys()) {
		if (!known.includes(key)) throw new EngineError('invalid_argument', `invalid filter '${key}'`);
	}
	const tests: VolumeTest[] = [];
	const names = filters.get('name')?.map(matcher);
	if (names !== undefined && names.length > 0) tests.push(({ name }) => names.some((matches) => matches(name)));
	const drivers = filters.get('driver') ?? [];
	if (drivers.length > 0) tests.push(() => drivers.includes('local'));
	const labels = filters.get('label') ?? [];
	tests.push((volume) => labels.every((label) => hasLabel(volume, label)));
	const without = filters.get('label!') ?? [];
	if (without.length > 0) tests.push((volume) => !without.every((label) => hasLabel(volume, label)));
	const dangling = truthOf(filters, 'dangling');
	if (dangling !== null) tests.push(({ name }) => inUse(name) !== dangling);
	if (known.includes('all') && truthOf(filters, 'all') !== true) tests.push(isAnonymous);
	return (volume) => tests.every((test) => test(volume));
}
