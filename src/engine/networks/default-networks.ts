import { EngineError } from '../../errors.ts';
import { NetlinkFamily, openNetlink } from '../../kernel/netlink/connection.ts';
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
} {
	const { records, log, now } = options;
	const bridges = records.collection<BridgeRecord>('bridges');
	if (options.bridge === null) {
		const { host, none } = rememberDefaultNetworks(records, null, now);
		return { driver: null, known: [host, none] };
	}
	const { name } = options.bridge;
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
	return { driver, known: [network, host, none] };
}
