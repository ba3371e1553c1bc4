import { expect, test } from 'bun:test';
import { renderHosts } from './hosts.ts';
import { isResolvedStub, renderResolvConf } from './resolv-conf.ts';

const nothing = { dns: [], dnsOptions: [], dnsSearch: [] };
const entries = {
	hostname: 'web',
	domainname: '',
	addresses: ['172.17.0.2'],
	extraHosts: [],
	hostGateway: '172.17.0.1',
};

test('resolv.conf follows the host, without what a container cannot reach', () => {
	const host =
		'# by hand\nnameserver 127.0.0.1\nnameserver 10.0.0.53 # office\nsearch old\nsearch a.example b.example\noptions ndots:2\n';
	expect(renderResolvConf(host, nothing, true)).toBe(
		'nameserver 10.0.0.53\nsearch a.example b.example\noptions ndots:2\n',
	);
	expect(renderResolvConf(host, nothing, false)).toContain('nameserver 127.0.0.1\n');
	expect(renderResolvConf('nameserver ::1\nnameserver 127.0.0.11\n', nothing, true)).toBe(
		'nameserver 8.8.8.8\nnameserver 8.8.4.4\n',
	);
	expect(renderResolvConf('', nothing, true)).toBe('nameserver 8.8.8.8\nnameserver 8.8.4.4\n');
	expect(renderResolvConf('', nothing, false)).toBe('');
});

test('what was asked for replaces the host’s', () => {
	const asked = { dns: ['127.0.0.1', '9.9.9.9'], dnsOptions: ['rotate'], dnsSearch: ['.'] };
	expect(renderResolvConf('nameserver 10.0.0.1\nsearch x\noptions ndots:5\n', asked, true)).toBe(
		'nameserver 127.0.0.1\nnameserver 9.9.9.9\noptions rotate\n',
	);
});

test('systemd-resolved’s stub is told from real servers', () => {
	expect(isResolvedStub('nameserver 127.0.0.53\noptions edns0\n')).toBe(true);
	expect(isResolvedStub('nameserver 127.0.0.53\nnameserver 10.0.0.1\n')).toBe(false);
	expect(isResolvedStub('')).toBe(false);
});

test('hosts has the extra names before the container’s own', () => {
	const text = renderHosts({
		...entries,
		domainname: 'example.org',
		extraHosts: ['db:10.0.0.5', 'up:host-gateway', 'six:fd00::1', 'old=[::2]'],
	});
	expect(text.split('\n').slice(0, 2)).toEqual(['127.0.0.1\tlocalhost', '::1\tlocalhost ip6-localhost ip6-loopback']);
	expect(text.split('\n').slice(6)).toEqual([
		'10.0.0.5\tdb',
		'172.17.0.1\tup',
		'fd00::1\tsix',
		'::2\told',
		'172.17.0.2\tweb.example.org web',
		'',
	]);
});

test('an extra host that makes no sense is refused', () => {
	for (const bad of ['db', 'db:', ':1.2.3.4', 'db:nowhere', 'a b:1.2.3.4', 'x:1.2.3.4\n9.9.9.9 bank']) {
		expect(() => renderHosts({ ...entries, extraHosts: [bad] })).toThrow(/add-host/);
	}
	expect(() => renderHosts({ ...entries, extraHosts: ['a:host-gateway'], hostGateway: null })).toThrow(/host-gateway/);
});
