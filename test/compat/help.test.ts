import { describe, expect, test } from 'bun:test';
import { groups, rootEntries } from '../../src/cli/commands.ts';

const main = new URL('../../src/main.ts', import.meta.url).pathname;
const docker = Bun.which('docker');
const comparable = docker !== null && /version (2[89]|[3-9]\d)/.test(run([docker, '--version']).stdout);

function run(command: readonly string[]) {
	const { stdout, stderr, exitCode } = Bun.spawnSync([...command], { stdin: 'ignore' });
	return { stdout: stdout.toString(), stderr: stderr.toString(), code: exitCode };
}

const commands = [
	...rootEntries.map((entry) => [entry.name, entry] as const),
	...groups.flatMap((group) => group.commands.map((entry) => [`${group.name} ${entry.name}`, entry] as const)),
];

describe('the help of every command', () => {
	test.each([...commands])('%s', async (name, entry) => {
		const { stdout, stderr, code } = run([process.execPath, main, ...name.split(' '), '--help']);
		const { flags } = await entry.load();
		expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
		expect(stdout).toStartWith(`Usage:  gantry ${name}`);
		const head = ({ short, name: long }: (typeof flags)[number]) =>
			`\n  ${short === undefined ? '    ' : `-${short}, `}--${long} `;
		expect(flags.filter((flag) => !stdout.includes(head(flag)) === (flag.hidden !== true))).toEqual([]);
	});
	test.each(groups.map(({ name, commands: ofGroup }) => [name, ofGroup] as const))('%s', (name, ofGroup) => {
		const { stdout, code } = run([process.execPath, main, name, '--help']);
		expect(code).toBe(0);
		for (const { name: one, hidden } of ofGroup) expect(stdout.includes(`\n  ${one} `)).toBe(hidden !== true);
	});
});

describe.skipIf(!comparable)('what is said of unknown topics and commands', () => {
	const lines = [
		'help bogus',
		'help bogus x',
		'help run x',
		'help container run x',
		'help container bogus',
		'container bogus',
		'container --bogus',
		'image rm',
	];
	test.each(lines)('%s', (line) => {
		const theirs = run([docker ?? 'docker', ...line.split(' ')]);
		const ours = run([process.execPath, main, ...line.split(' ')]);
		expect(ours.stderr).toBe(theirs.stderr.replaceAll('docker', 'gantry'));
		expect([ours.code, ours.stdout]).toEqual([theirs.code, theirs.stdout]);
	});
});
