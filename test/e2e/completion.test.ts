import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { symlinkSync } from 'node:fs';
import { busybox, engineKind, gantryProgram, startEngine, type TestEngine } from '../support/daemon.ts';
import { onTerminal, run } from '../support/run.ts';

describe.skipIf(engineKind === 'dockerd')('completion', () => {
	let engine: TestEngine;

	beforeAll(async () => {
		engine = await startEngine();
		await engine.loadBusybox();
		symlinkSync(gantryProgram, `${engine.work}/gantry`);
		await engine.ok('run', '-d', '--name', 'web-running', busybox, 'sleep', '600');
		await engine.ok('create', '--name', 'web-created', busybox);
		await engine.ok('volume', 'create', 'vol-one');
		await engine.gantry('context', 'create', 'ctx-one', '--docker', 'host=unix:///nowhere');
	});
	afterAll(async () => {
		await engine.ok('volume', 'rm', 'vol-one');
		await engine.close();
	});

	/** With `gantry` in the PATH. */
	const shell = (...argv: string[]) => {
		const command = engine.command(...argv);
		const env = { ...command.env, PATH: `${engine.work}:${process.env.PATH}`, TERM: 'xterm', HOME: engine.work };
		return { argv: command.argv, env };
	};

	/** Candidates without descriptions, and the last line's number. */
	async function candidates(...line: string[]): Promise<{ values: string[]; directive: string }> {
		const { stdout, code, stderr } = await engine.gantry('__complete', ...line);
		expect([code, stderr]).toEqual([0, '']);
		const lines = stdout.trimEnd().split('\n');
		const directive = lines.pop() ?? '';
		return { values: lines.map((one) => one.split('\t')[0] ?? ''), directive };
	}

	test('names that the daemon and the configuration know, by command and place', async () => {
		const expected: readonly (readonly [string[], string[]])[] = [
			[['stop', 'web'], ['web-running']],
			[['start', 'web'], ['web-created']],
			[
				['rm', '-f', 'web'],
				['web-created', 'web-running'],
			],
			[['rm', 'web-created', 'web'], ['web-running']],
			[['container', 'inspect', 'web-r'], ['web-running']],
			[['rename', 'web-created', ''], []],
			[['run', '--rm', 'busy'], [busybox]],
			[['run', '--network', 'ho'], ['host']],
			[['run', '--network=bri'], ['--network=bridge']],
			[['-l', 'info', 'rmi', 'busy'], [busybox]],
			[['network', 'inspect', 'brid'], ['bridge']],
			[['inspect', 'vol'], ['vol-one']],
			[['context', 'use', 'ctx'], ['ctx-one']],
			[['--context', 'ctx'], ['ctx-one']],
			[['run', '--restart', 'un'], ['unless-stopped']],
			[['run', '--cap-add', 'NET_A'], ['NET_ADMIN']],
			[
				['run', '--sig-proxy='],
				['--sig-proxy=true', '--sig-proxy=false'],
			],
			[
				['kill', '-s', 'US'],
				['USR1', 'USR2'],
			],
			[['ps', '--filter', 'anc'], ['ancestor=']],
			[['container', 'ls', '-f', 'stat'], ['status=']],
			[['help', 'renam'], ['rename']],
			[['no-such', ''], []],
			[['context', 'ls', ''], []],
		];
		for (const [line, values] of expected) {
			expect({ line, values: (await candidates(...line)).values.sort() }).toEqual({ line, values: [...values].sort() });
		}
	});

	test('commands and flags', async () => {
		const top = (await candidates('')).values;
		for (const name of ['run', 'ps', 'container', 'context']) {
			expect(top).toContain(name);
		}
		expect(top).not.toContain('__complete');
		expect((await candidates('system', 'd')).values).not.toContain('dial-stdio');
		expect((await candidates('container', 'st')).values).toContain('stop');
		const flags = (await candidates('run', '--env')).values;
		expect(flags).toEqual(['--env', '--env-file']);
		expect((await candidates('ps', '--all', '--a')).values).toEqual([]);
		expect((await candidates('run', '-e', 'A=1', '--env')).values).toContain('--env');
		expect((await candidates('run', busybox, '--')).values).toEqual([]);
		expect((await candidates('run', '--no-such', '--pub')).values).toEqual(['--publish', '--publish-all']);
		expect((await candidates('run', '--env-file', '')).directive).toBe(':0');
		expect((await candidates('ps', '--filter', '')).directive).toBe(':6');
	});

	test('a daemon that is not there has no names, and says nothing', async () => {
		expect(await candidates('-H', 'unix:///nowhere', 'stop', '')).toEqual({ values: [], directive: ':1' });
	});

	test('bash, with tabs that are typed', async () => {
		const session = onTerminal(shell('bash', '--norc', '--noprofile', '-i'));
		session.type('PS1="> "; bind "set bell-style none"; source <(gantry completion bash); echo ready-$((1+1))\n');
		await session.waitFor(/ready-2/);
		session.type('echo gantry; gantry inspect -f "{{.Name}}" web-ru\t\n');
		await session.waitFor(/\/web-running/);
		session.type('gantry run --rm --pull=nev\t busyb\t echo made-$((40+2))\n');
		await session.waitFor(/made-42/);
		session.type('gantry images -q busybox:te\t | wc -l | sed s/^/lines-/\n');
		await session.waitFor(/lines-1/);
		session.type('exit 7\n');
		expect(await session.exited).toBe(7);
	});

	test.skipIf(Bun.which('zsh') === null)('zsh, with tabs that are typed', async () => {
		const session = onTerminal(shell('zsh', '-f', '-i'));
		session.type('autoload -U compinit; compinit -u -D; source <(gantry completion zsh); echo ready-$((1+1))\n');
		await session.waitFor(/ready-2/);
		session.type('gantry inspect -f "{{.Name}}" web-ru\t\n');
		await session.waitFor(/\/web-running/);
		session.type('gantry run --rm --pull=nev\t busyb\t echo made-$((40+2))\n');
		await session.waitFor(/made-42/);
		session.type('exit 7\n');
		expect(await session.exited).toBe(7);
	});

	test.skipIf(Bun.which('fish') === null)('fish', async () => {
		const script = 'gantry completion fish | source; complete -C "gantry $argv[1]"';
		const completed = async (line: string) =>
			(await run(shell('fish', '--no-config', '-c', script, '--', line))).stdout.trimEnd().split('\n');
		expect(await completed('stop web')).toEqual([`web-running\t${busybox}`]);
		expect(await completed('run --restart un')).toEqual(['unless-stopped']);
		expect(await completed('container ren')).toEqual(['rename\tGive a container another name']);
	});

	test('scripts are printed whole, with and without descriptions', async () => {
		for (const [name, check] of [
			['bash', ['bash', '-n']],
			['zsh', ['zsh', '-n']],
			['fish', ['fish', '-n']],
			['powershell', null],
		] as const) {
			for (const flags of [[], ['--no-descriptions']]) {
				const { code, stdout } = await engine.gantry('completion', name, ...flags);
				expect([code, stdout.includes('__complete')]).toEqual([0, true]);
				if (check === null || Bun.which(check[0]) === null) continue;
				expect(await run({ argv: [...check, '/dev/stdin'] }, { stdin: stdout })).toEqual({
					code: 0,
					stdout: '',
					stderr: '',
				});
			}
		}
	});
});
