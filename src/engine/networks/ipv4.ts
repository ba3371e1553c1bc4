import { EngineError } from '../../errors.ts';

/** An IPv4 network. `base` has no host bits; addresses are unsigned 32-bit numbers. */
export interface Subnet {
	readonly base: number;
	readonly prefixLength: number;
}

/** Four decimal numbers without leading zeros; null for anything else. */
export function parseIpv4(text: string): number | null {
	const parts = text.split('.');
	if (parts.length !== 4) return null;
	let value = 0;
	for (const part of parts) {
		if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return null;
		value = value * 256 + Number(part);
	}
	return value;
}

export function formatIpv4(address: number): string {
	return [address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255].join('.');
}

/** Four bytes in network order. */
export function ipv4Bytes(address: number): Buffer {
	const data = Buffer.alloc(4);
	data.writeUInt32BE(address);
	return data;
}

function maskOf(prefixLength: number): number {
	return prefixLength === 0 ? 0 : (0xffffffff << (32 - prefixLength)) >>> 0;
}

export function subnetOf(address: number, prefixLength: number): Subnet {
	return { base: (address & maskOf(prefixLength)) >>> 0, prefixLength };
}

/** The last address of a subnet. */
export function broadcastOf(subnet: Subnet): number {
	return (subnet.base | ~maskOf(subnet.prefixLength)) >>> 0;
}

export function contains(subnet: Subnet, address: number): boolean {
	return (address & maskOf(subnet.prefixLength)) >>> 0 === subnet.base;
}

export function overlaps(one: Subnet, other: Subnet): boolean {
	return one.prefixLength <= other.prefixLength ? contains(one, other.base) : contains(other, one.base);
}

export function formatSubnet(subnet: Subnet): string {
	return `${formatIpv4(subnet.base)}/${subnet.prefixLength}`;
}

/** `172.30.0.1/24` → the address and its subnet. @throws `invalid_argument` */
export function parseCidr(text: string): { readonly address: number; readonly subnet: Subnet } {
	const [, address = '', length = ''] = /^([0-9.]+)\/(\d{1,2})$/.exec(text) ?? [];
	const parsed = parseIpv4(address);
	const prefixLength = Number(length);
	if (parsed === null || length === '' || prefixLength > 32) {
		throw new EngineError('invalid_argument', `invalid CIDR address: ${text}`);
	}
	return { address: parsed, subnet: subnetOf(parsed, prefixLength) };
}
