import { afterAll, describe, expect, test } from 'bun:test';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gantryProgram } from '../support/daemon.ts';
import { type RunOptions, run } from '../support/run.ts';

/** Programs that add commands, as Docker's clients know them: one called in the same way by docker and by gantry. */
const root = mkdtempSync(join(tmpdir(), 'plugins-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const metadata = '{"SchemaVersion":"0.1.0","Vendor":"Somebody","Version":"v1","ShortDescription":"Does things"}';

function plugin(folder: string, name: string, script: string, mode = 0o755): void {
	mkdirSync(folder, { recursive: true });
	const path = join(folder, `docker-${name}`);
	writeFileSync(path, `#!/bin/sh\n${script}\n`);
	chmodSync(path, mode);
}

const answering = (body: string, said = metadata) =>
	`if [ "$1" = docker-cli-plugin-metadata ]; then echo '${said}'; exit 0; fi\n${body}`;

const own = join(root, 'config/cli-plugins');
plugin(
	own,
	'things',
	answering('echo "args: $*"; echo "host: $DOCKER_HOST"; echo "from: $DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND"; cat'),
);
plugin(own, 'ends', answering('exit 9'));
plugin(own, 'dies', answering('kill -KILL $$'));
plugin(own, 'waits', answering('trap "echo told; exit 5" TERM; echo ready; while :; do sleep 0.05; done'));
plugin(own, 'mute', 'exit 1');
plugin(own, 'odd', answering('echo never', '{"SchemaVersion":"9"}'));
plugin(own, 'text', answering('echo never', 'no JSON'));
plugin(own, 'plain', answering('echo never'), 0o644);
plugin(own, 'buildx', answering('echo "buildx: $*"'));
plugin(own, 'ps', answering('echo never'));
plugin(join(root, 'extra'), 'more', answering('echo "more: $*"'));
writeFileSync(
	join(root, 'config/config.json'),
	JSON.stringify({ cliPluginsExtraDirs: [join(root, 'extra')], aliases: { builder: 'buildx' } }),
);

const environment = { PATH: process.env.PATH, HOME: root, DOCKER_CONFIG: join(root, 'config') };
const gantryWith = (env: Record<string, string>, options: RunOptions, ...args: string[]) =>
	run({ argv: [gantryProgram, ...args], env: { ...environment, ...env } }, options);
const gantry = (...args: string[]) => gantryWith({}, {}, ...args);

describe('plugins', () => {
	test('take the whole command line, standard input, the daemon’s address and who called', async () => {
		const result = await gantryWith(
			{},
			{ stdin: 'typed' },
			'-D',
			'--log-level=debug',
			'things',
			'up',
			'-d',
			'--file',
			'a b',
		);
		expect(result.code).toBe(0);
		expect(result.stdout.split('\n')).toEqual([
			'args: -D --log-level=debug things up -d --file a b',
			'host: unix:///run/gantry.sock',
			`from: ${gantryProgram}`,
			'typed',
		]);
	});

	test('find the daemon as we do', async () => {
		const host = async (env: Record<string, string>, ...args: string[]) =>
			/^host: (.*)$/m.exec((await gantryWith(env, {}, ...args, 'things')).stdout)?.[1];
		expect(await host({ DOCKER_HOST: 'unix:///theirs' })).toBe('unix:///theirs');
		expect(await host({ DOCKER_HOST: 'unix:///theirs', GANTRY_HOST: 'unix:///ours' })).toBe('unix:///ours');
		await gantry('context', 'create', 'named', '--docker', 'host=unix:///named');
		// Contexts and --host they read themselves.
		expect(await host({}, '-c', 'named')).toBe('');
		expect(await host({}, '-H', 'unix:///given')).toBe('');
	});

	test('their exit codes are ours; signals reach them', async () => {
		expect((await gantry('ends')).code).toBe(9);
		expect((await gantry('dies')).code).toBe(137);
		const child = Bun.spawn([gantryProgram, 'waits'], {
			env: environment,
			stdin: 'ignore',
			stdout: 'pipe',
			stderr: 'pipe',
		});
		const reader = child.stdout.getReader();
		const decoder = new TextDecoder();
		let said = '';
		while (!said.includes('ready')) said += decoder.decode((await reader.read()).value);
		child.kill('SIGTERM');
		for (let next = await reader.read(); !next.done; next = await reader.read()) said += decoder.decode(next.value);
		expect(said).toBe('ready\ntold\n');
		expect(await child.exited).toBe(5);
	});

	test('are found in more folders, and `builder` is what the configuration says', async () => {
		expect((await gantry('more', 'x')).stdout).toBe('more: more x\n');
		expect((await gantry('builder', 'prune', '-f')).stdout).toBe('buildx: buildx prune -f\n');
		expect((await gantry('help', 'more')).stdout).toBe('more: more --help\n');
	});

	test('what is none is no command, and none takes a command of ours', async () => {
		for (const name of ['mute', 'odd', 'text', 'plain', 'absent', '../things']) {
			const result = await gantry(name);
			expect(result.code).toBe(1);
			expect(result.stderr).toBe(
				`gantry: unknown command: gantry ${name}\n\nRun 'gantry --help' for more information\n`,
			);
		}
		expect((await gantryWith({ DOCKER_HOST: 'unix:///nowhere' }, {}, 'ps')).stderr).toStartWith('Cannot connect');
		mkdirSync(join(root, 'wrong'));
		writeFileSync(join(root, 'wrong/config.json'), '{"aliases":{"ps":"things"}}');
		const wrong = await gantryWith({ DOCKER_CONFIG: join(root, 'wrong') }, {}, 'things');
		expect(wrong.stderr).toBe('not allowed to alias "ps" (allowed: ["builder"])\n');
	});

	test('are listed in the overview and offered by completion', async () => {
		const { stdout } = await gantry('--help');
		expect(stdout).toMatch(/^ {2}things\* +Does things \(Somebody, v1\)$/m);
		expect(stdout).not.toContain('mute');
		expect((await gantry('__complete', 'thi')).stdout).toBe('things\n:4\n');
	});
});
