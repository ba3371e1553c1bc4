import { readFileSync } from 'node:fs';
import { EngineError } from '../../../errors.ts';
import { Errno, SyscallError } from '../../../kernel/libc.ts';
import { closeSocket, holdPort } from '../../../kernel/socket.ts';
import { ipv4Bytes, parseIpv4 } from '../ipv4.ts';
import type { PortKernel } from './port-table.ts';

/** The kernel's default, for hosts that hide the setting. */
const defaultRange = { first: 32768, last: 60999 };

/** Reserves ports by bound sockets that never listen: published connections are redirected before they would arrive there. */
export const portKernel: PortKernel = {
	hold(protocol, hostIp, port) {
		const address = parseIpv4(hostIp);
		if (address === null) throw new EngineError('invalid_argument', `invalid host address: ${hostIp}`);
		try {
			return { fd: holdPort(protocol, ipv4Bytes(address), port) };
		} catch (error) {
			if (error instanceof SyscallError && error.errno === Errno.EADDRINUSE) return 'in-use';
			if (error instanceof SyscallError && error.errno === Errno.EADDRNOTAVAIL) return 'no-such-address';
			throw error;
		}
	},
	release: closeSocket,
	ephemeralRange() {
		try {
			const [first = 0, last = 0] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8')
				.trim()
				.split(/\s+/)
				.map(Number);
			return first > 0 && last >= first ? { first, last } : defaultRange;
		} catch (error) {
			if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return defaultRange;
			throw error;
		}
	},
};
