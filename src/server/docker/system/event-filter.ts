import { EngineError } from '../../../errors.ts';
import type { Event } from '../../../events/types.ts';

type Filters = ReadonlyMap<string, readonly string[]>;

const types = new Set(['container', 'image', 'network', 'volume', 'daemon', 'plugin']);
const known = new Set([
	...types,
	...['event', 'label', 'type', 'scope', 'node', 'service', 'secret', 'config', 'builder'],
]);

/** Every key must match; any value within a key suffices. @throws EngineError `invalid_argument` for an unknown key. */
export function eventMatcher(filters: Filters): (event: Event) => boolean {
	const checks: ((event: Event) => boolean)[] = [];
	for (const [key, values] of filters) {
		if (!known.has(key)) throw new EngineError('invalid_argument', `invalid filter '${key}'`);
		if (values.length > 0) checks.push(checkOf(key, values));
	}
	return (event) => checks.every((check) => check(event));
}

function checkOf(key: string, values: readonly string[]): (event: Event) => boolean {
	const any = (test: (value: string) => boolean) => values.some(test);
	switch (key) {
		case 'event':
			// `exec_start` stands for `exec_start: <command>` too.
			return ({ action }) => any((value) => action === value || action.startsWith(`${value}:`));
		case 'type':
			return ({ type }) => any((value) => value === type);
		case 'scope':
			return () => any((value) => value === 'local');
		case 'label':
			return ({ attributes }) => values.every((value) => matchesLabel(attributes, value));
		case 'image':
			return (event) => any((value) => matchesImage(event, value));
		case 'node':
		case 'service':
		case 'secret':
		case 'config':
			return () => false;
		default:
			return (event) => event.type === key && any((value) => matchesObject(event, value));
	}
}

function matchesLabel(attributes: Readonly<Record<string, string>>, value: string): boolean {
	const equals = value.indexOf('=');
	if (equals < 0) return attributes[value] !== undefined;
	return attributes[value.slice(0, equals)] === value.slice(equals + 1);
}

/** By id, a prefix of it, or name. */
function matchesObject({ id, attributes }: Event, value: string): boolean {
	const { name } = attributes;
	return value !== '' && (id.startsWith(value) || (name !== undefined && name === value.replace(/^\//, '')));
}

/** Of an image or of a container made from one; a name without a tag matches every tag. */
function matchesImage({ type, id, attributes }: Event, value: string): boolean {
	const names = type === 'image' ? [id, attributes.name] : type === 'container' ? [attributes.image] : [];
	return names.some((name) => name !== undefined && (name === value || withoutTag(name) === value));
}

function withoutTag(name: string): string {
	const bare = name.split('@')[0] ?? name;
	const colon = bare.lastIndexOf(':');
	return colon > bare.lastIndexOf('/') ? bare.slice(0, colon) : bare;
}
