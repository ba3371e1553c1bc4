import { describe, expect, test } from 'bun:test';
import { bool, type FlagDef, list, string, value } from './command.ts';
import { parseFlags } from './flags.ts';
import { bytesFlag } from './options/numbers.ts';

const defs: readonly FlagDef[] = [
	bool('interactive', 'i', ''),
	bool('tty', 't', ''),
	{ ...bool('sig-proxy', '', ''), default: 'true' },
	string('name', 'n', '', 'none'),
	list('publish', 'p', ''),
	{ ...list('net', '', ''), as: 'publish', hidden: true },
	value('memory', 'm', 'bytes', '', bytesFlag(false)),
];

function parse(line: string, interspersed = true) {
	const parsed = parseFlags(line === '' ? [] : line.split(' '), defs, interspersed);
	if (parsed.kind !== 'parsed') return parsed.kind === 'help' ? 'help' : parsed.message;
	const { flags, args } = parsed;
	return {
		it: `${flags.bool('interactive')} ${flags.bool('tty')} ${flags.bool('sig-proxy')}`,
		name: flags.string('name'),
		publish: flags.list('publish'),
		memory: flags.number('memory'),
		args,
	};
}

const nothing = { it: 'false false true', name: 'none', publish: [], memory: 0, args: [] };

const cases: readonly (readonly [string, object | string])[] = [
	['', nothing],
	['-it', { ...nothing, it: 'true true true' }],
	['-it=false', { ...nothing, it: 'true false true' }],
	['--interactive --sig-proxy=false a', { ...nothing, it: 'true false false', args: ['a'] }],
	['-p8080:80 -p 1 -p=2 --publish=3 --publish 4', { ...nothing, publish: ['8080:80', '1', '2', '3', '4'] }],
	['--net x -p y', { ...nothing, publish: ['x', 'y'] }],
	['-itn web', { ...nothing, it: 'true true true', name: 'web' }],
	['-n a -n b', { ...nothing, name: 'b' }],
	['--name=', { ...nothing, name: '' }],
	['-m 1k', { ...nothing, memory: 1024 }],
	['a -i b', { ...nothing, it: 'true false true', args: ['a', 'b'] }],
	['-- -i', { ...nothing, args: ['-i'] }],
	['- -i', { ...nothing, it: 'true false true', args: ['-'] }],
	['-n -- x', { ...nothing, name: '--', args: ['x'] }],
	['--help', 'help'],
	['-h', 'help'],
	['a --help', 'help'],
	['--nope', 'unknown flag: --nope'],
	['--nope=1', 'unknown flag: --nope'],
	['-x', "unknown shorthand flag: 'x' in -x"],
	['-ix', "unknown shorthand flag: 'x' in -x"],
	['--name', 'flag needs an argument: --name'],
	['-n', "flag needs an argument: 'n' in -n"],
	['--=x', 'bad flag syntax: --=x'],
	['---x', 'bad flag syntax: ---x'],
	['--tty=maybe', 'invalid argument "maybe" for "-t, --tty" flag: strconv.ParseBool: parsing "maybe": invalid syntax'],
	['-m zz', 'invalid argument "zz" for "-m, --memory" flag: invalid size: \'zz\''],
];

describe('flags', () => {
	for (const [line, expected] of cases) {
		test(line === '' ? '(nothing)' : line, () => expect(parse(line) as unknown).toEqual(expected));
	}

	test('the first argument may end them', () => {
		expect(parse('-i image -t --help', false)).toEqual({
			...nothing,
			it: 'true false true',
			args: ['image', '-t', '--help'],
		});
	});

	test('tell whether they were given', () => {
		const parsed = parseFlags(['--name', 'none'], defs, true);
		if (parsed.kind !== 'parsed') throw new Error(parsed.kind);
		expect([parsed.flags.changed('name'), parsed.flags.changed('tty')]).toEqual([true, false]);
	});
});
