import { expect, test } from 'bun:test';
import { createAddressPool } from './address-pool.ts';
import { chooseSubnet } from './bridge/choose-subnet.ts';
import { broadcastOf, formatIpv4, formatSubnet, overlaps, parseCidr, parseIpv4 } from './ipv4.ts';

const subnet = (text: string) => parseCidr(text).subnet;
const address = (text: string) => parseIpv4(text) ?? -1;

test('addresses parse strictly and print again', () => {
	expect(formatIpv4(address('255.0.10.1'))).toBe('255.0.10.1');
	for (const bad of ['', '1.2.3', '1.2.3.4.5', '256.0.0.1', '01.2.3.4', '1.2.3.x', ' 1.2.3.4', '1.2.3.4/8']) {
		expect(parseIpv4(bad)).toBeNull();
	}
	expect(formatSubnet(subnet('172.30.5.7/20'))).toBe('172.30.0.0/20');
	expect(formatIpv4(broadcastOf(subnet('172.30.5.7/20')))).toBe('172.30.15.255');
	for (const bad of ['', '1.2.3.4', '1.2.3.4/33', '1.2.3/8', '::1/64'])
		expect(() => parseCidr(bad)).toThrow(/invalid CIDR/);
});

test('subnets overlap when one holds the other', () => {
	expect(overlaps(subnet('10.0.0.0/8'), subnet('10.9.0.0/24'))).toBe(true);
	expect(overlaps(subnet('10.9.0.0/24'), subnet('10.0.0.0/8'))).toBe(true);
	expect(overlaps(subnet('10.9.0.0/24'), subnet('10.9.1.0/24'))).toBe(false);
	expect(overlaps(subnet('0.0.0.0/0'), subnet('200.9.1.0/24'))).toBe(true);
});

test('the bridge takes the first pool that nobody uses', () => {
	expect(formatSubnet(chooseSubnet([]))).toBe('172.17.0.0/16');
	expect(formatSubnet(chooseSubnet([subnet('172.17.3.0/24'), subnet('172.18.0.1/32')]))).toBe('172.19.0.0/16');
	expect(formatSubnet(chooseSubnet([subnet('172.16.0.0/12')]))).toBe('192.168.0.0/20');
	expect(() => chooseSubnet([subnet('128.0.0.0/1')])).toThrow(/no free subnet/);
});

test('a pool gives the lowest free address, never the gateway, and says when it is empty', () => {
	const pool = createAddressPool(subnet('10.0.0.0/29'), address('10.0.0.3'));
	const lease = (holder: string) => formatIpv4(pool.lease(holder));
	expect(pool.claim(address('10.0.0.2'), 'b')).toBe(true);
	expect(pool.claim(address('10.0.0.2'), 'b')).toBe(true);
	expect(pool.claim(address('10.0.0.2'), 'c')).toBe(false);
	for (const outside of ['10.0.0.3', '10.0.0.7', '10.0.0.0', '10.0.1.1'])
		expect(pool.claim(address(outside), 'c')).toBe(false);
	expect(['a', 'c', 'd', 'e'].map(lease)).toEqual(['10.0.0.1', '10.0.0.4', '10.0.0.5', '10.0.0.6']);
	expect(() => pool.lease('f')).toThrow(/no available IPv4 addresses/);
	pool.free('b');
	pool.free('d');
	expect(['f', 'g'].map(lease)).toEqual(['10.0.0.2', '10.0.0.5']);
});
