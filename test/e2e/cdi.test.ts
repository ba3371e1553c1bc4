import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { busybox, engineKind, startEngine, type TestEngine } from '../support/daemon.ts';

/** Devices that files of the host describe (CDI), by both command lines. dockerd has them since 25. */

const specs = mkdtempSync(join(tmpdir(), 'gantry-cdi-'));
let engine: TestEngine;
beforeAll(async () => {
	engine = await startEngine({ args: engineKind === 'dockerd' ? [] : ['--cdi-spec-dir', specs] });
	await engine.loadBusybox();
	mkdirSync(`${engine.work}/drivers`);
	writeFileSync(`${engine.work}/drivers/version`, '7\n');
	const device = {
		name: 'zero',
		containerEdits: {
			deviceNodes: [{ path: '/dev/thing', hostPath: '/dev/zero', permissions: 'r' }],
			mounts: [{ hostPath: `${engine.work}/drivers`, containerPath: '/drivers', options: ['ro', 'rbind'] }],
			hooks: [{ hookName: 'createRuntime', path: '/bin/sh', args: ['sh', '-c', `echo called >${engine.work}/hook`] }],
		},
	};
	const spec = {
		cdiVersion: '0.6.0',
		kind: 'example.com/thing',
		containerEdits: { env: ['THING=on'] },
		devices: [device],
	};
	writeFileSync(join(specs, 'thing.json'), JSON.stringify(spec));
});
afterAll(async () => {
	rmSync(specs, { recursive: true });
	await engine.close();
});

for (const client of ['docker', 'gantry'] as const) {
	test.skipIf(engineKind === 'dockerd')(`${client} run --device with a CDI name`, async () => {
		const script = 'echo $THING; head -c 3 /dev/thing | od -An -tx1; cat /drivers/version; touch /drivers/x 2>&1';
		const result = await engine[client](
			...['run', '--rm', '--device', 'example.com/thing=zero', busybox, 'sh', '-c', script],
		);
		expect(result.stderr).toBe('');
		expect(result.stdout).toMatch(/^on\n 00 00 00\n7\ntouch: .*Read-only file system\n$/);
		expect(await Bun.file(`${engine.work}/hook`).text()).toBe('called\n');
		rmSync(`${engine.work}/hook`);
	});

	test.skipIf(engineKind === 'dockerd')(`${client} run --device with a name that is not there`, async () => {
		const result = await engine[client]('run', '--rm', '--device', 'example.com/thing=none', busybox, 'true');
		expect(result.stderr).toContain('CDI device injection failed: unresolvable CDI devices example.com/thing=none');
		expect(result.code).toBeGreaterThan(0);
	});
}

test.skipIf(engineKind === 'dockerd')('info and inspect show them', async () => {
	const info = JSON.parse((await engine.api('GET', '/info')).text) as { CDISpecDirs: string[] };
	expect(info.CDISpecDirs).toEqual([specs]);
	await engine.ok('create', '--name', 'made', '--device', 'example.com/thing=zero', busybox, 'true');
	expect(JSON.parse(await engine.ok('inspect', '-f', '{{json .HostConfig.DeviceRequests}}', 'made'))).toMatchObject([
		{ Driver: 'cdi', DeviceIDs: ['example.com/thing=zero'] },
	]);
});
