import { EngineError } from '../../errors.ts';
import { Errno, SyscallError } from '../../kernel/libc.ts';
import { NetlinkFamily, openNetlink } from '../../kernel/netlink/connection.ts';
import { closeSocket, holdName } from '../../kernel/socket.ts';
import type { Records } from '../../store/records/records.ts';
import { createBridgeDriver } from './bridge/driver.ts';
import { type BridgeConfig, resolveBridge } from './bridge/settings.ts';
import type { NetworkDriver } from './driver.ts';
import { formatIpv4, parseCidr } from './ipv4.ts';
import { portKernel } from './ports/port-kernel.ts';
import { createPortTable } from './ports/port-table.ts';
import { type BridgeRecord, rememberDefaultNetworks } from './records.ts';
import type { Network } from './service.ts';
import type { Log } from './sysctl.ts';

/** What the default networks are made of. */
export interface DefaultNetworksOptions {
	readonly records: Records;
	/** null: no default bridge network. */
	readonly bridge: BridgeConfig | null;
	readonly log: Log;
	/** RFC 3339. */
	readonly now: () => string;
}

/** The records of the default networks and the bridge's driver. */
export function openDefaultNetworks(options: DefaultNetworksOptions): {
	driver: NetworkDriver | null;
	known: readonly Network[];
	/** Lets others have the bridge. */
	release: () => void;
} {
	const { records, log, now } = options;
	const bridges = records.collection<BridgeRecord>('bridges');
	if (options.bridge === null) {
		const { host, none } = rememberDefaultNetworks(records, null, now);
		return { driver: null, known: [host, none], release: () => {} };
	}
	const { name } = options.bridge;
	const release = claimBridge(name);
	const remembered = bridges.get(name);
	using connection = openNetlink(NetlinkFamily.route);
	const bridge = resolveBridge(connection, options.bridge, remembered);
	const cidr = `${formatIpv4(bridge.gateway)}/${bridge.subnet.prefixLength}`;
	const made = (): boolean => bridges.get(name)?.made === true;
	if (remembered?.cidr !== cidr) bridges.put(name, { cidr, made: made() });
	const { host, none, bridge: network } = rememberDefaultNetworks(records, bridge, now);
	if (network === null) throw new EngineError('internal', 'the bridge network is not recorded');
	const former = remembered === undefined || remembered.cidr === cidr ? null : parseCidr(remembered.cidr);
	const driver = createBridgeDriver({
		networkId: network.id,
		networkName: network.name,
		bridge,
		formerly: former === null ? null : { address: former.address, prefixLength: former.subnet.prefixLength },
		ports: createPortTable(portKernel),
		onMade: () => bridges.put(name, { cidr, made: true }),
		owned: made,
		log,
	});
	return { driver, known: [network, host, none], release };
}

/** Two daemons on one bridge would undo each other's rules. @throws `conflict` when another one has it. */
function claimBridge(name: string): () => void {
	let fd: number;
	try {
		fd = holdName(`gantry-bridge-${name}`);
	} catch (error) {
		if (!(error instanceof SyscallError && error.errno === Errno.EADDRINUSE)) throw error;
		throw new EngineError('conflict', `another daemon uses the bridge ${name}: give this one another --bridge`);
	}
	return () => closeSocket(fd);
}
