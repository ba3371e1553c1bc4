import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { busybox, engineKind, gantryProgram, startEngine, type TestEngine } from '../support/daemon.ts';
import { onTerminal, type TerminalSession } from '../support/run.ts';

/** Terminals and their detach keys, with both command lines. */

let engine: TestEngine;
beforeAll(async () => {
	engine = await startEngine();
	await engine.loadBusybox();
});
afterAll(() => engine.close());

const clients = engineKind === 'dockerd' ? ['docker'] : ['docker', gantryProgram];
const detach = '\x10\x11';

describe.each(clients)('%s', (client) => {
	const open = (...args: string[]): TerminalSession => onTerminal(engine.command(client, ...args));
	const running = () => engine.ok('inspect', '-f', '{{.State.Running}} {{.State.ExitCode}}', 'term');
	/** The shell has answered, so the session is connected both ways. */
	const answers = async (session: TerminalSession, word: string) => {
		session.type(`echo ${word}-$((40+2))\n`);
		await session.waitFor(new RegExp(`${word}-42`));
	};
	const shell = () => engine.ok('run', '-dit', '--name', 'term', busybox, 'sh');

	afterEach(async () => {
		await engine.docker('rm', '-f', 'term');
	});

	test('run, detach, attach, exit', async () => {
		const session = open('run', '-it', '--name', 'term', busybox, 'sh');
		await session.waitFor(/# /);
		await answers(session, 'one');
		session.type(detach);
		expect(await session.exited).toBe(0);
		expect(await running()).toBe('true 0');
		const again = open('attach', 'term');
		await answers(again, 'two');
		expect(again.output()).not.toContain('one');
		again.type('exit 7\n');
		expect(await again.exited).toBe(7);
		expect(await running()).toBe('false 7');
	});

	test('attach: keys of one’s own take the place of the usual ones', async () => {
		await shell();
		const session = open('attach', '--detach-keys', 'ctrl-x,x', 'term');
		session.type(detach);
		await answers(session, 'still');
		session.type('\x18x');
		expect(await session.exited).toBe(1);
		expect(session.output()).toContain('read escape sequence');
		expect(await running()).toBe('true 0');
	});

	test('exec: detach leaves the process, the exit code is the shell’s', async () => {
		await shell();
		const left = open('exec', '-it', 'term', 'sh', '-c', 'echo up; exec sleep 321');
		await left.waitFor(/up/);
		left.type(detach);
		expect(await left.exited).toBe(1);
		expect(await engine.ok('exec', 'term', 'ps')).toContain('sleep 321');
		const session = open('exec', '-it', 'term', 'sh');
		await answers(session, 'here');
		session.type('exit 4\n');
		expect(await session.exited).toBe(4);
	});

	test('exec: has the terminal’s size without being asked again', async () => {
		await shell();
		// A runtime starts the program before anybody can size its terminal: that follows at once.
		const script = 'while ! stty size 2>/dev/null | grep "30 100"; do sleep 0.01; done';
		const session = open('exec', '-it', 'term', 'sh', '-c', script);
		expect(await session.exited).toBe(0);
		expect(session.output()).toContain('30 100');
	});

	test('exec: follows the terminal’s size', async () => {
		await shell();
		const session = open('exec', '-it', 'term', 'sh');
		await session.waitFor(/# /);
		// A client that is just starting misses a change, and its request takes its time: change it until the shell sees it.
		for (let ask = 0; ask < 50 && !/2\d 77/.test(session.output()); ask++) {
			session.resize(77, 20 + (ask % 10));
			session.type(`stty size; echo asked-$((${ask}+0))\n`);
			await session.waitFor(new RegExp(`asked-${ask}\\r`));
		}
		expect(session.output()).toMatch(/2\d 77/);
		session.type('exit\n');
		expect(await session.exited).toBe(0);
	});

	test('start -ai joins from the first byte', async () => {
		await engine.ok('create', '-it', '--name', 'term', busybox, 'sh', '-c', 'echo first; read line; exit 5');
		const session = open('start', '-ai', 'term');
		await session.waitFor(/first/);
		session.type('go\n');
		expect(await session.exited).toBe(5);
	});

	test('ctrl-c goes to the container', async () => {
		const script = 'trap "echo caught; exit 5" INT; echo ready; while :; do sleep 0.05; done';
		const session = open('run', '--rm', '-it', '--name', 'term', busybox, 'sh', '-c', script);
		await session.waitFor(/ready/);
		session.type('\x03');
		expect(await session.exited).toBe(5);
		expect(session.output()).toContain('caught');
	});

	test('without -t the keys are bytes as any other', async () => {
		const { argv, env } = engine.command(client, 'run', '--rm', '-i', '--name', 'term', busybox, 'od', '-An', '-tx1');
		const child = Bun.spawn([...argv], { env: env ?? {}, stdin: Buffer.from(`${detach}\n`), stdout: 'pipe' });
		expect((await new Response(child.stdout).text()).trim()).toBe('10 11 0a');
		expect(await child.exited).toBe(0);
	});
});
