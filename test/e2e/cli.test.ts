import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { busybox, engineKind, gantryProgram, startEngine, type TestEngine } from '../support/daemon.ts';
import { onTerminal, run } from '../support/run.ts';

describe.skipIf(engineKind === 'dockerd')('gantry, the CLI', () => {
	let engine: TestEngine;
	beforeAll(async () => {
		engine = await startEngine();
		await engine.loadBusybox();
	});
	afterAll(() => engine.close());

	const out = async (...args: string[]) => (await engine.gantry(...args)).stdout;

	test('info --format', async () => {
		await engine.ok('create', '--name', 'counted', busybox);
		expect(await out('info', '--format', 'Containers={{.Containers}} Images={{.Images}} Driver={{.Driver}}')).toBe(
			'Containers=1 Images=1 Driver=overlay2\n',
		);
		await engine.ok('rm', 'counted');
	});

	test('run -d prints the id of a container that did not start, as docker does', async () => {
		for (const client of [engine.docker, engine.gantry]) {
			const { code, stdout, stderr } = await client('run', '-d', busybox, 'no-such');
			expect([code, stderr]).toEqual([127, expect.stringContaining('executable file not found')]);
			expect(stdout).toMatch(/^[0-9a-f]{64}\n$/);
			await engine.ok('rm', stdout.trim());
		}
	});

	test('what the docker CLI prints, ours prints', async () => {
		await engine.ok('run', '-d', '--name', 'same', '--label', 'a=b', '-p', '127.0.0.1:8099:80', busybox, 'sleep', '60');
		for (const args of [
			['ps', '--format', '{{.ID}} {{.Names}} {{.Image}} {{.Command}} {{.Ports}} {{.Label "a"}} {{.State}}'],
			['ps', '-q'],
			['ps', '--no-trunc', '-aq'],
			['images', '--format', '{{.Repository}}:{{.Tag}} {{.ID}} {{.Size}}'],
			['inspect', '-f', '{{.Name}} {{.State.Running}} {{json .Config.Cmd}} {{.HostConfig.PortBindings}}', 'same'],
			['port', 'same'],
			['network', 'ls', '--format', '{{.Name}} {{.Driver}} {{.Scope}}'],
			['version', '--format', '{{.Server.APIVersion}} {{.Server.Os}}/{{.Server.Arch}} {{.Server.Experimental}}'],
			['version', '--format', '{{json .Server}}'],
			['version', '--format', '{{range .Server.Components}}{{.Name}} {{.Details.BuildTime}} {{end}}'],
			['info', '--format', '{{.ID}} {{.OSType}} {{.NCPU}} {{.CgroupDriver}} {{.Plugins.Log}} {{.SecurityOptions}}'],
			['info', '--format', '{{json .Runtimes}} {{.LiveRestoreEnabled}} {{.Warnings}}'],
			['inspect', '-f', '{{.State.Nope}}', 'same'],
			['inspect', 'nothing-of-that-name'],
			['logs', '--since', 'soon', 'same'],
		]) {
			const [docker, gantry] = [await engine.docker(...args), await engine.gantry(...args)];
			expect({ args, ...gantry }).toEqual({ args, ...docker });
		}
		await engine.ok('rm', '-f', 'same');
	});

	test('run: output, exit codes, stdin', async () => {
		const result = await engine.gantry('run', '--rm', busybox, 'sh', '-c', 'echo out; echo err >&2; exit 7');
		expect(result).toEqual({ code: 7, stdout: 'out\n', stderr: 'err\n' });
		expect((await engine.gantry('run', '--rm', busybox, 'no-such')).code).toBe(127);
		expect((await engine.gantry('run', '--rm', busybox, '/etc/passwd')).code).toBe(126);
		expect((await engine.gantry('run', '--no-such-flag', busybox)).code).toBe(125);
		const { argv, env } = engine.command(gantryProgram, 'run', '--rm', '-i', busybox, 'cat');
		expect((await run({ argv, ...(env === undefined ? {} : { env }) }, { stdin: 'typed\n' })).stdout).toBe('typed\n');
	});

	test('a container’s life by our own words', async () => {
		const id = (await out('run', '-d', '--name', 'own', busybox, 'sleep', '600')).trim();
		expect(id).toMatch(/^[0-9a-f]{64}$/);
		expect(await out('exec', 'own', 'echo', 'inside')).toBe('inside\n');
		expect((await engine.gantry('exec', 'own', 'sh', '-c', 'exit 4')).code).toBe(4);
		expect(await out('stop', '-t', '0', 'own')).toBe('own\n');
		expect(await out('wait', 'own')).toBe('137\n');
		expect(await out('start', 'own')).toBe('own\n');
		expect(await out('kill', 'own')).toBe('own\n');
		expect(await out('rm', '-f', 'own')).toBe('own\n');
		expect((await engine.gantry('inspect', 'own')).code).toBe(1);
	});

	test('logs and events', async () => {
		await engine.gantry('run', '--name', 'told', busybox, 'sh', '-c', 'echo a; echo b >&2');
		expect(await engine.gantry('logs', 'told')).toEqual({ code: 0, stdout: 'a\n', stderr: 'b\n' });
		expect(await out('logs', '--tail', '1', 'told')).toBe((await engine.docker('logs', '--tail', '1', 'told')).stdout);
		const args = [
			'events',
			'--since',
			'1',
			'--until',
			String(Math.ceil(Date.now() / 1000)),
			'--filter',
			'container=told',
		];
		expect(await out(...args)).toBe((await engine.docker(...args)).stdout);
		await engine.gantry('rm', 'told');
	});

	test('errors go to stderr with an exit code', async () => {
		const missing = await engine.gantry('start', 'nope');
		expect(missing.code).toBe(1);
		expect(missing.stdout).toBe('');
		expect(missing.stderr).toContain('No such container: nope');
		expect((await engine.gantry('no-such-command')).code).not.toBe(0);
		const format = await engine.gantry('ps', '--format', '{{');
		expect(format.code).not.toBe(0);
		expect(format.stderr).toBe('failed to parse template: template: :1: unclosed action\n');
		const template = await engine.gantry('version', '--format', '{{.Nope}}');
		expect(template.code).toBe(1);
		expect(template.stderr).toContain("can't evaluate field Nope in type system.versionInfo");
		const unreachable = await engine.gantry('-H', 'unix:///nowhere.sock', 'ps');
		expect(unreachable.code).toBe(1);
		expect(unreachable.stderr).toBe(
			'Cannot connect to the Gantry daemon at unix:///nowhere.sock. Is the gantry daemon running?\n',
		);
	});

	test('help and version without a daemon', async () => {
		const { code, stdout } = await engine.gantry('--help');
		expect(code).toBe(0);
		for (const verb of ['run', 'exec', 'ps', 'pull', 'images', 'logs'])
			expect(stdout).toMatch(new RegExp(`^\\s+${verb}\\s`, 'm'));
		expect((await engine.gantry('run', '--help')).stdout).toContain('--publish');
		expect((await engine.gantry('--version')).stdout).toMatch(/\d+\.\d+\.\d+/);
	});

	test('run -it has a terminal', async () => {
		const session = onTerminal(engine.command(gantryProgram, 'run', '--rm', '-it', busybox, 'sh'));
		await session.waitFor(/# /);
		session.type('stty size; echo sum-$((20+22))\n');
		await session.waitFor(/sum-42/);
		expect(session.output()).toMatch(/30 100/);
		session.type('exit 9\n');
		expect(await session.exited).toBe(9);
	});
});
