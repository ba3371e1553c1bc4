import { expect } from 'bun:test';
import { busyboxImage, dockerArchive } from '../../support/image-builder.ts';
import { json, type Scenarios } from './scenario.ts';
import { busybox } from './world.ts';

/** Tags busybox with a name of one's own. */
const tag = (name: string) => ({ query: { repo: name.split(':')[0] ?? '', tag: name.split(':')[1] ?? '' } });

/** Scenarios of images, volumes, networks and the system. */
export const otherScenarios: Scenarios = {
	async ImageList(call) {
		const images = json<{ RepoTags: string[] }[]>(
			await call(200, { query: { all: 1, 'shared-size': 1, manifests: 1 } }),
		);
		expect(images.some(({ RepoTags }) => RepoTags.includes(busybox))).toBe(true);
		expect(json<unknown[]>(await call(200, { query: { filters: { reference: ['nothing*'] } } }))).toEqual([]);
	},
	async ImageCreate(call, world) {
		const [repository = '', version = ''] = world.remoteImage.split(/:(?=[^/:]*$)/);
		const pulled = await call(200, { query: { fromImage: repository, tag: version } });
		const lines = pulled.text.trim().split('\r\n');
		expect(lines.map((line) => JSON.parse(line).status).at(-1)).toContain('Downloaded newer image');
		const root = busyboxImage().tars[0];
		await call(200, { query: { fromSrc: '-', repo: 'imported', tag: '1' }, body: root });
		await call(404, { query: { fromImage: `${world.registry.host}/missing`, tag: '1' } });
	},
	async ImageInspect(call) {
		await call(200, { id: busybox });
		await call(200, { id: busybox, query: { manifests: 1 } });
	},
	async ImageHistory(call) {
		expect(json<unknown[]>(await call(200, { id: busybox })).length).toBe(1);
	},
	async ImageTag(call) {
		await call(201, { id: busybox, ...tag('again:2') });
		await call(400, { id: busybox, ...tag('UPPER:2') });
	},
	async ImageDelete(call, world) {
		await world.ask('POST', `/images/${busybox}/tag`, tag('gone:1'));
		expect(json<unknown[]>(await call(200, { id: 'gone:1' }))).toEqual([{ Untagged: 'gone:1' }]);
		const archive = dockerArchive([{ image: busyboxImage({ created: '2021-01-01T00:00:00Z' }), tags: ['used:1'] }]);
		await world.ask('POST', '/images/load', { body: archive, query: { quiet: 1 } });
		const id = await world.created({ Image: 'used:1' });
		await call(409, { id: 'used:1' });
		await world.ask('DELETE', `/containers/${id}`);
		expect(JSON.stringify(json(await call(200, { id: 'used:1' })))).toContain('Deleted');
	},
	async ImagePrune(call) {
		await call(200, { query: { filters: { dangling: ['true'], until: ['1h'] } } });
	},
	async ImageCommit(call, world) {
		const id = await world.exited();
		const query = { container: id, repo: 'committed', tag: '1', comment: 'why', author: 'who', changes: 'ENV A=b' };
		await call(201, { query, body: { Labels: { a: 'b' } } });
		await call(404, { query: { container: 'no-such-container' } });
	},
	async ImageGet(call) {
		expect((await call(200, { id: busybox })).text).toContain('manifest.json');
	},
	async ImageGetAll(call) {
		expect((await call(200, { query: { names: busybox } })).text).toContain('manifest.json');
	},
	async ImageLoad(call) {
		const archive = dockerArchive([{ image: busyboxImage(), tags: ['loaded:1'] }]);
		expect((await call(200, { body: archive })).text).toContain('Loaded image');
	},
	async VolumeList(call, world) {
		await world.ask('POST', '/volumes/create', { body: { Name: 'listed' } });
		await world.running({ HostConfig: { Binds: ['used:/data'] } });
		expect(json<{ Volumes: unknown[] }>(await call(200)).Volumes.length).toBeGreaterThan(1);
		expect(
			json<{ Volumes: unknown[] }>(await call(200, { query: { filters: { name: ['none-such'] } } })).Volumes,
		).toEqual([]);
	},
	async VolumeCreate(call) {
		await call(201, { body: { Name: 'made', Labels: { a: 'b' }, Driver: 'local' } });
		await call(201, { body: {} });
	},
	async VolumeInspect(call, world) {
		await world.ask('POST', '/volumes/create', { body: { Name: 'seen' } });
		await call(200, { id: 'seen' });
	},
	async VolumeDelete(call, world) {
		await world.running({ HostConfig: { Binds: ['in-use:/data'] } });
		await call(409, { id: 'in-use' });
		await world.ask('POST', '/volumes/create', { body: { Name: 'idle' } });
		await call(204, { id: 'idle' });
	},
	async VolumeUpdate(call) {
		// Cluster volumes need a swarm, which the engine is not part of.
		await call(503, { id: 'seen', query: { version: 0 }, body: {} });
	},
	async VolumePrune(call, world) {
		await world.ask('POST', '/volumes/create', { body: { Name: 'unused' } });
		await call(200);
		const { VolumesDeleted } = json<{ VolumesDeleted: string[] }>(
			await call(200, { query: { filters: { all: ['1'] } } }),
		);
		expect(VolumesDeleted).toContain('unused');
	},
	async NetworkList(call) {
		const networks = json<{ Name: string }[]>(await call(200));
		expect(networks.map(({ Name }) => Name).sort()).toEqual(['bridge', 'host', 'none']);
		await call(200, { query: { filters: { driver: ['bridge'] } } });
	},
	async NetworkInspect(call, world) {
		const id = await world.running();
		expect(Object.keys(json<{ Containers: object }>(await call(200, { id: 'bridge' })).Containers)).toContain(id);
		await call(200, { id: 'none', query: { verbose: 1, scope: 'local' } });
	},
	async NetworkPrune(call) {
		await call(200, { query: { filters: { until: ['1h'] } } });
	},
	async BuildPrune(call) {
		await call(200);
	},
	async SystemAuth(call, world) {
		const serveraddress = world.registry.host;
		await call(200, { body: { username: 'anybody', password: 'anything', serveraddress } });
	},
	async SystemInfo(call, world) {
		await world.running();
		expect(json(await call(200))).toMatchObject({ ContainersRunning: 1, OSType: 'linux' });
	},
	async SystemVersion(call) {
		expect(json(await call(200))).toMatchObject({ ApiVersion: '1.51', Os: 'linux' });
	},
	async SystemPing(call) {
		const { text, headers } = await call(200);
		expect(text).toBe('OK');
		for (const name of ['api-version', 'docker-experimental', 'builder-version', 'swarm', 'cache-control', 'pragma']) {
			expect([name, headers.get(name)]).not.toEqual([name, null]);
		}
	},
	async SystemPingHead(call) {
		expect((await call(200)).text).toBe('');
	},
	async SystemEvents(call, world) {
		const id = await world.exited();
		await world.ask('POST', `/images/${busybox}/tag`, tag('told:1'));
		const until = (Date.now() / 1000).toFixed(3);
		const { text } = await call(200, { query: { since: 1, until } });
		expect(text).toContain(id);
		// From before the event on, and without an end: what happened is told, and the stream stays open.
		await world.ask('POST', `/images/${busybox}/tag`, tag('live:1'));
		await call(200, { query: { since: until, filters: { event: ['tag'] } }, until: 'live:1' });
		await call(400, { query: { filters: 'nonsense' } });
	},
	async SystemDataUsage(call, world) {
		await world.running({ HostConfig: { Binds: ['counted:/data'] } });
		await call(200);
		await call(200, { query: { type: 'container' } });
	},
};
