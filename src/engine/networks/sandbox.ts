import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Errno, SyscallError } from '../../kernel/libc.ts';
import { createNetworkNamespace, deleteNetworkNamespace, inNetworkNamespace } from '../../kernel/namespace.ts';
import { NetlinkFamily, openNetlink } from '../../kernel/netlink/connection.ts';
import { changeLink } from '../../kernel/netlink/link.ts';
import { deleteAddress, listAddresses } from '../../kernel/netlink/route.ts';
import type { SandboxNamespace } from './driver.ts';
import { type Log, setSysctl } from './sysctl.ts';

/** The network namespaces of containers, each a bind mount `<folder>/<container id>`. */
export interface SandboxNamespaces {
	path(containerId: string): string;
	/** Makes an empty one with its loopback up; close `route` when it is furnished. @throws SyscallError */
	create(containerId: string): SandboxNamespace;
	/** Takes its addresses and its name. Devices go when the last process is gone. Nothing there is fine. @throws SyscallError */
	remove(containerId: string): void;
	/** The ids that have one. */
	list(): readonly string[];
}

const loopbackIndex = 1;

/** Docker's defaults for a container's own network: any user may bind low ports and ping; IPv6 only on the loopback. */
function applyDefaults(log: Log): void {
	setSysctl('ipv4/ip_unprivileged_port_start', '0', log);
	setSysctl('ipv4/ping_group_range', '0 2147483647', log);
	setSysctl('ipv6/conf/default/disable_ipv6', '1', log);
}

/** `folder` is made when it is needed. */
export function createSandboxNamespaces(folder: string, log: Log): SandboxNamespaces {
	const path = (containerId: string): string => join(folder, containerId);

	const list = (): string[] => {
		try {
			return readdirSync(folder);
		} catch (error) {
			if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
			throw error;
		}
	};

	return {
		path,
		list,
		create(containerId) {
			const place = path(containerId);
			deleteNetworkNamespace(place);
			const route = createNetworkNamespace(place, () => {
				applyDefaults(log);
				const connection = openNetlink(NetlinkFamily.route);
				connection.request(changeLink(loopbackIndex, { up: true }));
				return connection;
			});
			return { path: place, route };
		},
		remove(containerId) {
			const place = path(containerId);
			if (!list().includes(containerId)) return;
			try {
				inNetworkNamespace(place, dropAddresses);
			} catch (error) {
				// EINVAL: only the empty mount point is there.
				if (!(error instanceof SyscallError && error.errno === Errno.EINVAL)) throw error;
			} finally {
				deleteNetworkNamespace(place);
			}
		},
	};
}

/** Whatever keeps the namespace alive (the kernel for some milliseconds, a process for longer) must not answer for an address that is free. */
function dropAddresses(): void {
	using connection = openNetlink(NetlinkFamily.route);
	const own = listAddresses(connection).filter(({ link }) => link !== loopbackIndex);
	if (own.length > 0) connection.request(...own.map(deleteAddress));
}
