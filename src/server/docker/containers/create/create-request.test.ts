import { expect, test } from 'bun:test';
import { parseCreateRequest } from './create-request.ts';

const host = (HostConfig: unknown) => ({ Image: 'a', HostConfig });
const parse = (body: unknown) => parseCreateRequest(body, '', '', '1.51');

test.each([
	[undefined, 'config cannot be empty in order to create a container'],
	[[], 'expected an object, got array'],
	[{ Env: [1] }, 'invalid value for Env[0]: expected a string, got number'],
	[{ Cmd: { a: 1 } }, 'invalid value for Cmd: expected an array, got object'],
	[{ User: 'a\0b' }, 'invalid value for User: must not contain a NUL byte'],
	[{ Env: ['=x'] }, 'invalid environment variable: =x'],
	[{ ExposedPorts: { '80/icmp': {} } }, 'invalid value for ExposedPorts: invalid proto: icmp'],
	[host({ Memory: 1.5 }), 'invalid value for HostConfig.Memory: expected an integer, got 1.5'],
	[
		host({ RestartPolicy: { Name: 'sometimes' } }),
		"invalid restart policy: unknown policy 'sometimes'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'",
	],
	[
		host({ Binds: ['/a:b'] }),
		`invalid volume specification: '/a:b': invalid mount config for type "bind": invalid mount path: 'b' mount path must be absolute`,
	],
	[host({ Binds: ['/a:/b:xx'] }), 'invalid mode: xx'],
	[host({ Binds: ['/a:/b:ro,rw'] }), 'invalid mode: ro,rw'],
	[host({ Binds: ['::'] }), "invalid volume specification: '::'"],
	[host({ Binds: ['/a:/x'], Tmpfs: { '/x/': '' } }), 'Duplicate mount point: /x'],
	[
		host({ Mounts: [{ Type: 'bind', Target: '/t' }] }),
		'invalid mount config for type "bind": field Source must not be empty',
	],
	[host({ Mounts: [{ Type: 'zfs', Target: '/t' }] }), 'invalid mount config for type "zfs": mount type unknown'],
	[
		host({ Mounts: [{ Type: 'image', Target: '/t' }] }),
		'invalid mount config for type "image": field Source must not be empty',
	],
	[
		host({ PortBindings: { '70000': null } }),
		'invalid value for HostConfig.PortBindings["70000"]: invalid port specification: "70000"',
	],
	[
		host({ PortBindings: { '80/tcp': [{ HostIp: 'x' }] } }),
		'invalid value for HostConfig.PortBindings["80/tcp"].HostIp: invalid IP address: x',
	],
	[host({ Mounts: [{ Type: 'npipe', Target: '/t' }] }), 'invalid mount config for type "npipe": mount type unknown'],
	[host({ PidMode: 'x' }), 'invalid PID mode: x'],
	[
		host({ Ulimits: [{ Name: 'nofile', Soft: 2, Hard: 1 }] }),
		'invalid value for HostConfig.Ulimits: ulimit soft limit must be less than or equal to hard limit: 2 > 1',
	],
])('%j is refused', (body, message) => {
	expect(() => parse(body)).toThrow(message);
});

test('what the stock CLI sends passes: zero values, -1, nulls', () => {
	const { hostConfig, config } = parse({
		Hostname: '',
		AttachStdout: true,
		Cmd: ['true'],
		Image: 'a',
		Volumes: {},
		OnBuild: null,
		Labels: {},
		Entrypoint: null,
		HostConfig: {
			Binds: null,
			NetworkMode: 'default',
			RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
			VolumesFrom: null,
			ConsoleSize: [24, 80],
			MemorySwappiness: -1,
			OomKillDisable: false,
			PidsLimit: 0,
			BlkioWeightDevice: [],
			DeviceRequests: null,
			Isolation: '',
			MaskedPaths: null,
			LogConfig: { Type: '', Config: {} },
		},
		NetworkingConfig: { EndpointsConfig: { default: { IPAMConfig: null, MacAddress: '' } } },
	});
	expect(hostConfig).toMatchObject({
		networkMode: 'default',
		logDriver: '',
		consoleSize: [24, 80],
		maskedPaths: null,
	});
	expect(config).toMatchObject({ entrypoint: null, cmd: ['true'], healthcheck: null, stopTimeout: null });
});

test('mounts and ports', () => {
	const { hostConfig } = parse(
		host({
			Binds: ['/a:/b:ro,rslave', 'vol:/v:nocopy', '/anon'],
			Mounts: [{ Type: 'tmpfs', Target: '/m', TmpfsOptions: { SizeBytes: 5, Mode: 0o700 } }],
			PortBindings: { '80-82/UDP': [{ HostPort: '90-92' }], '443': [{ HostPort: '' }, { HostPort: '1-2' }] },
		}),
	);
	expect(
		hostConfig.mounts.map(({ type, source, target, readOnly, propagation, noCopy }) => [
			type,
			source,
			target,
			readOnly,
			propagation,
			noCopy,
		]),
	).toEqual([
		['bind', '/a', '/b', true, 'rslave', false],
		['volume', 'vol', '/v', false, '', true],
		['volume', '', '/anon', false, '', false],
		['tmpfs', '', '/m', false, '', false],
	]);
	expect(hostConfig.portBindings).toEqual({
		'80/udp': [{ hostIp: '', hostPort: '90' }],
		'81/udp': [{ hostIp: '', hostPort: '91' }],
		'82/udp': [{ hostIp: '', hostPort: '92' }],
		'443/tcp': [
			{ hostIp: '', hostPort: '' },
			{ hostIp: '', hostPort: '1-2' },
		],
	});
});

test('keys of maps are only keys', () => {
	const body = JSON.parse('{"Image":"a","Labels":{"__proto__":"x"}}');
	expect(Object.entries(parse(body).config.labels)).toEqual([['__proto__', 'x']]);
});
