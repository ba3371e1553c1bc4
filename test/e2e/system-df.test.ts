import { afterAll, beforeAll, expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { busybox, engineKind, startEngine, type TestEngine } from '../support/daemon.ts';
import { busyboxRootfs } from '../support/image-builder.ts';

const megabyte = 1_000_000;
let engine: TestEngine;
beforeAll(async () => {
	engine = await startEngine();
	await engine.loadBusybox();
	const content = Buffer.alloc(20 * megabyte, 'x').toString();
	writeFileSync(`${engine.work}/large.tar`, busyboxRootfs([{ name: 'large', content }]));
	await engine.ok('import', `${engine.work}/large.tar`, 'large:1');
	await engine.ok('tag', 'large:1', 'large:2');
	await engine.ok('volume', 'create', 'unused');
	await engine.ok('run', '--name', 'writes', '-v', 'data:/data', 'large:1', 'sh', '-c', writeBoth);
	await engine.ok('run', '-d', '--name', 'runs', '-v', 'data:/data', busybox, 'sleep', '600');
});
afterAll(() => engine.close());

const writeBoth =
	'dd if=/dev/zero of=/own bs=1000000 count=12; for i in 1 2 3 4 5 6 7 8; do dd if=/dev/zero of=/data/f$i bs=1000000 count=2; done; ln /data/f1 /data/again';

const df = async (query = '') => {
	const { status, text } = await engine.api('GET', `/system/df${query}`);
	return { status, body: JSON.parse(text) };
};
const du = async (...args: string[]) => Number((await engine.inside('du', '-s', ...args)).stdout.split('\t')[0]);
const near = (actual: number, expected: number) => expect(Math.abs(actual - expected) / expected).toBeLessThan(0.01);

test('what is counted agrees with du', async () => {
	const { body } = await df();
	const volume = body.Volumes.find((one: { Name: string }) => one.Name === 'data');
	near(volume.UsageData.Size, await du('-B1', volume.Mountpoint));
	near(volume.UsageData.Size, await du('-b', volume.Mountpoint));
	expect(volume.UsageData.RefCount).toBe(2);
	const unused = body.Volumes.find((one: { Name: string }) => one.Name === 'unused');
	expect(unused.UsageData.RefCount).toBe(0);
	const [inspected] = JSON.parse(await engine.ok('inspect', 'writes'));
	const container = body.Containers.find((one: { Id: string }) => one.Id === inspected.Id);
	near(container.SizeRw, await du('-B1', inspected.GraphDriver.Data.UpperDir));
	const image = body.Images.find((one: { RepoTags: string[] }) => one.RepoTags.includes('large:1'));
	near(container.SizeRootFs, container.SizeRw + image.Size);
	const lower = String(inspected.GraphDriver.Data.LowerDir).split(':');
	const sizes = await Promise.all(lower.map((layer) => du('-B1', layer)));
	near(
		image.Size,
		sizes.reduce((sum, size) => sum + size, 0),
	);
	const images = body.Images.map(({ Size }: { Size: number }) => Size);
	near(
		body.LayersSize,
		images.reduce((sum: number, size: number) => sum + size, 0),
	);
});

test('counts, shared sizes and the shape', async () => {
	const { body } = await df();
	const image = (name: string) => body.Images.find((one: { RepoTags: string[] }) => one.RepoTags.includes(name));
	expect(image('large:2')).toEqual(image('large:1'));
	expect(image('large:1')).toMatchObject({ Containers: 1, SharedSize: 0 });
	expect(image(busybox)).toMatchObject({ Containers: 1, SharedSize: 0 });
	expect(body.Containers.length).toBe(2);
	expect(body.BuildCache ?? []).toEqual([]);
	const names = (await engine.ok('system', 'df')).split('\n').map((line) => line.slice(0, 15).trim());
	expect(names).toEqual(['TYPE', 'Images', 'Containers', 'Local Volumes', 'Build Cache']);
	expect(await engine.ok('system', 'df', '-v')).toContain('Local Volumes space usage');
});

test.skipIf(engineKind === 'dockerd')('only the types asked for; unknown ones are refused', async () => {
	const { body } = await df('?type=volume&type=build-cache');
	expect(body).toMatchObject({ LayersSize: 0, Images: null, Containers: null, BuildCache: [] });
	expect(body.Volumes.length).toBe(2);
	const wrong = await df('?type=plants');
	expect([wrong.status, wrong.body.message]).toEqual([400, 'unknown object type: plants']);
	const old = await engine.api('GET', '/v1.41/system/df?type=plants');
	expect(old.status).toBe(200);
});

// dockerd fails when a container goes meanwhile.
test.skipIf(engineKind === 'dockerd')(
	'many at once give the same, and what comes and goes meanwhile is no error',
	async () => {
		const churn = (async () => {
			for (let count = 0; count < 10; count++) await engine.ok('run', '--rm', '-v', '/x', busybox, 'true');
		})();
		const answers = await Promise.all(Array.from({ length: 20 }, () => df()));
		await churn;
		expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
		const sizes = answers.map(
			({ body }) => body.Volumes.find((one: { Name: string }) => one.Name === 'data').UsageData.Size,
		);
		expect(new Set(sizes).size).toBe(1);
	},
);
