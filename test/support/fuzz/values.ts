/** Numbers in [0, 1) from a seed (mulberry32): the same seed gives the same run. */
export function randomFrom(seed: number): () => number {
	let state = seed >>> 0;
	return () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	};
}

/** One of the items. */
export function pick<T>(random: () => number, items: readonly T[]): T {
	return items[Math.floor(random() * items.length)] as T;
}

/** JSON as it is written: what JSON.stringify cannot say (1e400, keys twice). */
export class Raw {
	constructor(readonly text: string) {}
}

/** JSON with {@link Raw} parts. */
export function write(value: unknown): string {
	if (value instanceof Raw) return value.text;
	if (Array.isArray(value)) return `[${value.map(write).join(',')}]`;
	if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
	return `{${Object.entries(value)
		.map(([key, inner]) => `${JSON.stringify(key)}:${write(inner)}`)
		.join(',')}}`;
}

const deep = (open: string, close: string, depth: number) => open.repeat(depth) + close.repeat(depth);

/** Values of every type and size, for a place where something of a type is expected. */
export const absurdValues: readonly unknown[] = [
	null,
	true,
	'',
	'x',
	'\0',
	'a\0b',
	'\ud800',
	'../../../etc/passwd',
	'%s%n%x',
	"'; DROP TABLE containers; --",
	'$(reboot)',
	'x'.repeat(70_000),
	0,
	-1,
	1.5,
	-0.0001,
	2 ** 31,
	2 ** 53 + 2,
	new Raw('9223372036854775807'),
	new Raw('9223372036854775808'),
	new Raw('-9223372036854775809'),
	new Raw('1e400'),
	new Raw('-1e400'),
	new Raw('18446744073709551616'),
	[],
	{},
	[[]],
	[null],
	[{}],
	{ x: {} },
	{ '': '' },
	{ '\0': 'x' },
	{ __proto__: null, constructor: 1 },
	new Raw('{"__proto__":{"x":1}}'),
	new Raw('{"a":1,"a":"2","A":[]}'),
	new Raw(deep('[', ']', 200)),
	new Raw(deep('{"x":', '1}', 0)),
];

/** Values of another type than the sample's. */
export function wrongValues(sample: unknown): readonly unknown[] {
	if (Array.isArray(sample)) return [{}, 7, true];
	switch (typeof sample) {
		case 'string':
			return [7, true, {}, ['x']];
		case 'number':
			return ['7', true, {}, [], 1.5, new Raw('1e400'), new Raw('-1e400')];
		case 'boolean':
			return ['true', 1, {}, []];
		default:
			return [[], 7, 'x', true];
	}
}

/** Whole bodies that are no JSON of any use. */
export const absurdBodies: readonly (string | Uint8Array)[] = [
	'',
	' ',
	'null',
	'true',
	'7',
	'"x"',
	'[]',
	'[{}]',
	'{',
	'}',
	'{"a"',
	'{"Image":',
	'{"Image":"x"}}',
	'{}{}',
	'{"a":undefined}',
	"{'Image':'x'}",
	'NaN',
	'1e400',
	'\0',
	'\u{feff}{}',
	Uint8Array.from([0xff, 0xfe, 0x7b, 0x7d]),
	Buffer.concat([Buffer.from('{"Image":"'), Buffer.from([0xc3, 0x28, 0xff]), Buffer.from('"}')]),
	'{"Image":"\\ud800\\udfff\\u0000"}',
	deep('[', ']', 100_000),
	'{"a":'.repeat(50_000),
	'{"HostConfig":{"HostConfig":{"HostConfig":[]}}}',
	`{${Array.from({ length: 20_000 }, (_, index) => `"k${index}":${index}`).join(',')}}`,
];

/** What ids and names in paths may look like, percent-encoded. */
export const absurdSegments: readonly string[] = [
	'nope',
	'%00',
	'a%00b',
	'%zz',
	'%',
	'%ff%fe',
	'%2e%2e%2f%2e%2e%2fetc',
	'..',
	'%2f',
	'a'.repeat(9000),
	'%F0%9F%92%A9',
	'sha256:zz',
	'-rf',
	'{id}',
	'*',
	'%0d%0aX-Header:%20x',
	':::@@@',
];

/** Query values, percent-encoded. */
export const absurdQueryValues: readonly string[] = [
	'',
	'-1',
	'0',
	'1.5',
	'99999999999999999999',
	'9223372036854775807',
	'-9223372036854775808',
	'1e400',
	'NaN',
	'Infinity',
	'0x10',
	'true',
	'maybe',
	'%00',
	'%ff',
	'%zz',
	'null',
	'[]',
	'{}',
	'%7B%22x%22%3A',
	'%7B%22x%22%3A5%7D',
	'%7B%22label%22%3A%7B%22a%22%3A%22b%22%7D%7D',
	'%7B%22label%22%3A%5B1%2C2%5D%7D',
	'%7B%22until%22%3A%5B%22never%22%5D%7D',
	'%7B%22before%22%3A%5B%22nobody%22%5D%7D',
	'%7B%22status%22%3A%5B%22asleep%22%5D%7D',
	'..%2F..%2Fetc',
	'a'.repeat(5000),
	'2024-99-99T99:99:99Z',
	'ctrl-%F0%9F%92%A9',
	'SIGNOTHING',
	'%24%28reboot%29',
];

/** All query parameters that any operation reads, but those that make the engine call others (`fromImage`, `fromSrc`). */
export const queryNames: readonly string[] = (
	'all limit size filters name platform h w t signal condition stdout stderr follow since until tail timestamps details ' +
	'stdin logs stream detachKeys force v link path noOverwriteDirNonDir copyUIDGID repo tag changes digests manifests ' +
	'shared-size noprune quiet names container comment author pause one-shot ps_args type verbose scope term dangling ' +
	'keep-storage version limit before'
).split(' ');
