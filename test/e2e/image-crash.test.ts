import { afterEach, beforeEach, expect, test } from 'bun:test';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { engineKind, processesOf, startEngine, type TestEngine } from '../support/daemon.ts';
import { buildImage, busyboxRootfs, layeredImage, tarOf, writeDockerArchive } from '../support/image-builder.ts';
import { run } from '../support/run.ts';
import { startStallingRegistry } from '../support/stalling-registry.ts';

let engine: TestEngine;
beforeEach(async () => {
	engine = await startEngine();
});
afterEach(() => engine.close());

const test_ = test.skipIf(engineKind === 'dockerd');

const image = (content: string) =>
	buildImage({
		tars: [
			busyboxRootfs(),
			...['one', 'two', 'three'].map((name) => tarOf([{ name, content: content.repeat(100_000) }])),
		],
		config: { Cmd: ['ls', '/one', '/two', '/three'], Env: ['PATH=/bin'] },
		level: 0,
	});

/** Files of images below the data root, by kind. */
function stored() {
	const list = (...path: string[]) => {
		const folder = join(engine.root, 'data', ...path);
		return existsSync(folder) ? readdirSync(folder) : [];
	};
	return {
		blobs: list('content', 'blobs', 'sha256'),
		ingest: list('content', 'ingest'),
		layers: list('snapshots', 'l'),
		unpacking: processesOf(engine.root).filter(({ why }) => why.includes('unpack-layer') && !why.includes('--sync')),
	};
}

const nothing = { blobs: [], ingest: [], layers: [], unpacking: [] };

test_('a pull that a crash of the daemon cut short leaves nothing, and goes through the next time', async () => {
	await using registry = await startStallingRegistry(engine, image('pulled '), 2);
	const pulling = engine.docker('pull', registry.name);
	await Promise.all([registry.stalled(2), registry.stalled(3)]);
	await engine.kill9();
	expect((await pulling).code).not.toBe(0);
	await engine.start();
	expect(stored()).toEqual(nothing);
	expect(await engine.ok('images', '-aq')).toBe('');
	registry.release();
	expect(await engine.ok('pull', registry.name)).toContain('Status: Downloaded newer image');
	expect(await engine.ok('run', '--rm', registry.name)).toBe('/one\n/three\n/two');
	expect(stored()).toMatchObject({ ingest: [], unpacking: [], layers: { length: 4 } });
	await engine.ok('rmi', registry.name);
	expect(stored()).toEqual(nothing);
});

test_(
	'a caller that goes away in the middle of a pull leaves nothing; another one that wants the same goes on',
	async () => {
		await using registry = await startStallingRegistry(engine, image('left '), 2);
		const controller = new AbortController();
		const pull = () =>
			fetch(`http://localhost/images/create?fromImage=${registry.name.replace(/:1$/, '')}&tag=1`, {
				method: 'POST',
				unix: engine.socket,
				signal: controller.signal,
			}).then((response) => response.text());
		const leaving = pull();
		await registry.stalled(2);
		controller.abort();
		await expect(leaving).rejects.toThrow();
		registry.release();
		expect(await engine.ok('pull', registry.name)).toContain('Status: Downloaded newer image');
		await engine.ok('rmi', registry.name);
		expect(stored()).toEqual(nothing);
	},
);

test_(
	'a removal that a crash cut short has happened wholly or not at all',
	async () => {
		const file = join(engine.work, 'layers.tar');
		writeDockerArchive(file, layeredImage(12, 1, { config: { Cmd: ['x'] } }), 'layers:1', 'layers:2');
		let removed = 0;
		for (let round = 0; round < 4; round++) {
			await engine.ok('load', '-q', '-i', file);
			const removing = engine.api('DELETE', '/images/layers:1').catch(() => undefined);
			// Each time a little later: the request is not there yet, is under way, is done.
			if (round % 2 === 1) await run(engine.command('true'));
			if (round === 3) await removing;
			await engine.kill9();
			await removing;
			await engine.start();
			const names = (await engine.ok('images', '--format', '{{.Repository}}:{{.Tag}}')).split('\n').sort();
			expect([['layers:1', 'layers:2'], ['layers:2']]).toContainEqual(names);
			if (names.length === 1) removed++;
			const last = engine.api('DELETE', '/images/layers:2?force=1').catch(() => undefined);
			if (round % 2 === 0) await run(engine.command('true'));
			await engine.kill9();
			await last;
			await engine.start();
			const left = await engine.ok('images', '-q');
			const { blobs, layers, ...rest } = stored();
			expect(rest).toEqual({ ingest: [], unpacking: [] });
			if (left === '') expect({ blobs, layers }).toEqual({ blobs: [], layers: [] });
			else {
				// Still there, so it is whole: a container can be made of it.
				expect([blobs.length, layers.length]).toEqual([1, 12]);
				await engine.ok('rm', await engine.ok('create', left.split('\n')[0] ?? ''));
				await engine.ok('rmi', '-f', left.split('\n')[0] ?? '');
			}
			expect(stored()).toEqual(nothing);
		}
		expect(removed).toBeGreaterThan(0);
		expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(`${engine.root}/data/snapshots/containers/`);
	},
	40_000,
);
