import { expect, test } from 'bun:test';
import { completeRecord } from './earlier-records.ts';
import { plainMount } from './mounts/mount-request.ts';

const point = {
	type: 'volume',
	name: 'a'.repeat(64),
	source: '/v',
	destination: '/data',
	driver: 'local',
	mode: '',
	rw: true,
	propagation: '',
} as const;

/** What matters here of a record. */
const recorded = (more: object) => ({ mountPoints: [], hostConfig: { mounts: [] }, ...more }) as never;

test('a record of an earlier version gets what it lacks', () => {
	const bind = { type: 'bind', source: '/a', target: '/b', bindSpec: '/a:/b' } as const;
	const { links, hostConfig, mountPoints } = completeRecord(
		recorded({ hostConfig: { mounts: [bind] }, mountPoints: [point, { ...point, type: 'bind', destination: '/b' }] }),
	);
	expect([links, hostConfig.volumesFrom, hostConfig.links]).toEqual([[], [], []]);
	expect(hostConfig.mounts).toMatchObject([{ origin: 'binds', subpath: '', source: '/a' }]);
	expect(mountPoints).toMatchObject([
		{ request: { type: 'volume', source: '', origin: 'mounts' }, copyUp: false, image: null },
		{ request: { type: 'bind', bindSpec: '/a:/b' } },
	]);
});

test('a record of this version stays as it is', () => {
	const request = { ...plainMount, origin: 'config', type: 'volume', source: '', target: '/data' } as const;
	const now = recorded({
		links: [{ containerId: 'x', alias: 'y' }],
		hostConfig: { mounts: [], volumesFrom: ['z'], links: ['x:y'] },
		mountPoints: [{ ...point, request, copyUp: true, image: null }],
	});
	expect(completeRecord(now)).toEqual(now);
});
