import { expect, test } from 'bun:test';
import { parseDuration, parseFilters, parseMoment } from '../../api/query.ts';
import type { Event } from '../../events/types.ts';
import { inspectResponse } from './containers/inspect-response.ts';
import { commandText, summaryResponse } from './containers/list-response.ts';
import { humanDuration, stateResponse, statusText } from './containers/state.ts';
import { sampleContainer } from './fakes.test-support.ts';
import { parseRegistryAuth } from './images/registry-auth.ts';
import { eventMatcher } from './system/event-filter.ts';

const paths = { log: '/l', hosts: '/h', resolvConf: '/r', hostname: '/n', sandboxKey: '/s', graph: null };

test('inspect of a running container', () => {
	const shown = inspectResponse(sampleContainer(), {
		paths,
		execIds: [],
		links: [],
		health: null,
		size: { rw: 1, rootFs: 2 },
	});
	expect(shown).toMatchObject({
		Name: '/web',
		Platform: 'linux',
		ExecIDs: null,
		SizeRw: 1,
		State: {
			Status: 'running',
			Running: true,
			Paused: false,
			Pid: 42,
			ExitCode: 0,
			FinishedAt: '0001-01-01T00:00:00Z',
		},
		HostConfig: {
			Binds: ['/tmp:/t:ro'],
			RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
			VolumesFrom: null,
			Links: null,
		},
		NetworkSettings: {
			Ports: { '80/tcp': [{ HostIp: '0.0.0.0', HostPort: '8080' }], '81/tcp': null },
			IPAddress: '172.17.0.2',
			Networks: { bridge: { IPAddress: '172.17.0.2', Aliases: null, DNSNames: null } },
		},
	});
	expect(shown.HostConfig).not.toHaveProperty('Mounts');
});

test('a stopped container has no ports; one that waits for its restart is restarting', () => {
	const state = {
		at: 'exited',
		code: 3,
		startedAt: '2024-05-01T10:00:00Z',
		finishedAt: '2024-05-01T11:00:00Z',
		oomKilled: true,
	} as const;
	const now = Date.parse('2024-05-01T13:00:00Z');
	const shown = summaryResponse(sampleContainer({ state }), 'alpine', [], null, null, now);
	expect(shown).toMatchObject({
		State: 'exited',
		Status: 'Exited (3) 2 hours ago',
		Ports: [],
		Names: ['/web'],
		Command: "sh -c 'echo a b'",
	});
	expect(stateResponse({ ...state, restarting: true }, null)).toMatchObject({
		Status: 'restarting',
		Running: true,
		Restarting: true,
		OOMKilled: true,
	});
	expect(statusText({ at: 'paused', pid: 1, startedAt: '2024-05-01T12:59:58Z' }, null, now)).toBe(
		'Up 2 seconds (Paused)',
	);
	expect(commandText('a', [])).toBe('a');
	expect(
		[0.5, 1, 59, 60, 119, 120, 3600, 5400, 86400 * 3, 86400 * 20, 86400 * 90, 86400 * 800].map(humanDuration),
	).toEqual([
		'Less than a second',
		'1 second',
		'59 seconds',
		'About a minute',
		'About a minute',
		'2 minutes',
		'About an hour',
		'2 hours',
		'3 days',
		'2 weeks',
		'3 months',
		'2 years',
	]);
});

test('moments, durations and filters', () => {
	const now = 10_000_000_000n;
	expect(parseMoment('1.5', 'since', now)).toBe(1_500_000_000n);
	expect(parseMoment('1700000000.000000123', 'since', now)).toBe(1_700_000_000_000_000_123n);
	expect(parseMoment('1970-01-01T00:00:02.000000001Z', 'since', now)).toBe(2_000_000_001n);
	expect(parseMoment('1970-01-01T01:00:00+01:00', 'since', now)).toBe(0n);
	expect(parseMoment('1970-01-02', 'since', now)).toBe(86_400_000_000_000n);
	expect(parseMoment('2s', 'since', now)).toBe(8_000_000_000n);
	expect(() => parseMoment('yesterday', 'since', now)).toThrow('failed to parse');
	expect(parseDuration('1h30m')).toBe(5_400_000_000_000n);
	expect([...parseFilters('{"a":{"x":true,"y":false},"b":["z"]}')]).toEqual([
		['a', ['x']],
		['b', ['z']],
	]);
	expect(() => parseFilters('{"a":1}')).toThrow('invalid filter');
});

test('event filters', () => {
	const event: Event = {
		type: 'container',
		action: 'exec_start: ls -l',
		id: 'abcdef',
		sequence: 1,
		timeNano: 1n,
		attributes: { image: 'host:5000/a:1', name: 'web', tier: 'db' },
	};
	const matches = (filters: Record<string, string[]>) => eventMatcher(new Map(Object.entries(filters)))(event);
	expect(matches({ event: ['exec_start'], type: ['image', 'container'], label: ['tier=db'] })).toBe(true);
	expect([matches({ container: ['abc'] }), matches({ container: ['web'] }), matches({ container: ['we'] })]).toEqual([
		true,
		true,
		false,
	]);
	expect([
		matches({ image: ['host:5000/a'] }),
		matches({ image: ['host:5000/a:1'] }),
		matches({ image: ['host'] }),
	]).toEqual([true, true, false]);
	expect([matches({ network: ['web'] }), matches({ label: ['tier', 'none'] }), matches({ scope: ['swarm'] })]).toEqual([
		false,
		false,
		false,
	]);
	expect(() => matches({ colour: ['x'] })).toThrow("invalid filter 'colour'");
});

test('registry auth is hostile until it is read', () => {
	const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
	expect(parseRegistryAuth(encode({ username: 'u', password: 'p', serveraddress: 's' }))).toEqual({
		username: 'u',
		password: 'p',
		serverAddress: 's',
	});
	expect(parseRegistryAuth(encode({ auth: Buffer.from('u:p:q').toString('base64') }))).toEqual({
		username: 'u',
		password: 'p:q',
	});
	expect(parseRegistryAuth(encode({}))).toBeNull();
	for (const bad of ['%%%', 'e30x', encode([1]), encode({ username: 1 })])
		expect(() => parseRegistryAuth(bad)).toThrow('X-Registry-Auth');
});
