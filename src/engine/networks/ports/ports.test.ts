import { expect, test } from 'bun:test';
import { createPortTable, type PortKernel } from './port-table.ts';
import { parsePublications } from './publication.ts';

const parse = (
	portBindings: Record<string, { hostIp: string; hostPort: string }[]>,
	exposedPorts: string[] = [],
	publishAllPorts = false,
) => parsePublications({ portBindings, exposedPorts, publishAllPorts });
const to = (hostPort: string, hostIp = '') => [{ hostIp, hostPort }];

test('bindings parse, the least free first', () => {
	expect(parse({ '80': to(''), '53/UDP': to('5000-5002', '127.0.0.1'), '81/tcp': to('8081'), '82/tcp': [] })).toEqual([
		{ containerPort: 81, protocol: 'tcp', hostIp: '0.0.0.0', hostPorts: { first: 8081, last: 8081 } },
		{ containerPort: 53, protocol: 'udp', hostIp: '127.0.0.1', hostPorts: { first: 5000, last: 5002 } },
		{ containerPort: 80, protocol: 'tcp', hostIp: '0.0.0.0', hostPorts: null },
	]);
});

test('publishing all takes what is exposed and not bound yet', () => {
	const found = parse({ '80/tcp': to('8080'), '82/tcp': [] }, ['80/tcp', '90/udp'], true);
	expect(found.map(({ containerPort, hostPorts }) => [containerPort, hostPorts?.first ?? null])).toEqual([
		[80, 8080],
		[90, null],
		[82, null],
	]);
});

test('nonsense, SCTP and IPv6 are refused', () => {
	for (const key of ['', '0/tcp', '65536/tcp', '80/tcp/x', 'web', '80-81/tcp', '80/icmp'])
		expect(() => parse({ [key]: to('1') })).toThrow(/invalid/);
	for (const port of ['x', '70000', '9-8', '1-2-3', '-5', '1 '])
		expect(() => parse({ '80/tcp': to(port) })).toThrow(/invalid port/);
	expect(() => parse({ '80/sctp': to('1') })).toThrow(/SCTP/);
	expect(() => parse({ '80/tcp': to('1', '::') })).toThrow(/IPv6/);
	expect(() => parse({ '80/tcp': to('1', 'localhost') })).toThrow(/invalid host address/);
});

/** A host on which the ports of `busy` are in use. */
function kernel(busy: readonly number[], open = new Map<number, string>()): PortKernel & { open: Map<number, string> } {
	let next = 0;
	return {
		open,
		hold(protocol, hostIp, port) {
			if (busy.includes(port)) return 'in-use';
			open.set(++next, `${protocol} ${hostIp}:${port}`);
			return { fd: next };
		},
		release: (fd) => void open.delete(fd),
		ephemeralRange: () => ({ first: 40000, last: 40002 }),
	};
}

test('a clash with a container and with a process have words of their own, and leave nothing', () => {
	const host = kernel([9000]);
	const table = createPortTable(host);
	table.reserve('a', '10.0.0.2', parse({ '80/tcp': to('8080') }));
	const refused =
		(hostPort: string, hostIp = '') =>
		() =>
			table.reserve('b', '10.0.0.3', [
				...parse({ '81/tcp': to('7000') }),
				...parse({ '80/tcp': to(hostPort, hostIp) }),
			]);
	expect(refused('8080', '127.0.0.1')).toThrow('Bind for 127.0.0.1:8080 failed: port is already allocated');
	expect(refused('9000')).toThrow('failed to bind host port for 0.0.0.0:9000:10.0.0.3:80/tcp: address already in use');
	expect([...host.open.values()]).toEqual(['tcp 0.0.0.0:8080']);
	expect(table.reserve('b', '10.0.0.3', parse({ '80/udp': to('8080') }))).toHaveLength(1);
	table.free('a');
	table.free('b');
	expect(host.open.size).toBe(0);
});

test('ephemeral ports go round and skip what is taken; ranges take the first free one', () => {
	const host = kernel([40001]);
	const table = createPortTable(host);
	const one = (owner: string, spec = '') =>
		table.reserve(owner, '10.0.0.2', parse({ '80/tcp': to(spec) }))[0]?.hostPort;
	expect(one('a')).toBe(40000);
	table.free('a');
	expect(one('b')).toBe(40002);
	expect(one('c')).toBe(40000);
	expect(() => one('d')).toThrow(/all ports are allocated/);
	expect(one('e', '40001-40003')).toBe(40003);
});

test('adopting holds what is free and names what is not', () => {
	const host = kernel([8081]);
	const table = createPortTable(host);
	const port = (hostPort: number) => ({ containerPort: 80, protocol: 'tcp' as const, hostIp: '0.0.0.0', hostPort });
	expect(table.adopt('a', [port(8080), port(8081)])).toEqual([port(8081)]);
	expect(() => table.reserve('b', '10.0.0.3', parse({ '80/tcp': to('8081') }))).toThrow(/already allocated/);
	table.free('a');
	expect(host.open.size).toBe(0);
});
