import { randomBytes } from 'node:crypto';
import type { Records } from '../../store/records/records.ts';
import type { BridgeSettings } from './bridge/device.ts';
import { formatIpv4, formatSubnet } from './ipv4.ts';
import type { Network } from './service.ts';

/** What is remembered of a bridge device: its address stays over restarts, and only a device made here is ever deleted. */
export interface BridgeRecord {
	/** The gateway with its prefix length. */
	readonly cidr: string;
	readonly made: boolean;
}

/** A new 64-digit id. */
export function newId(): string {
	return randomBytes(32).toString('hex');
}

const bridgeOptions = (bridge: BridgeSettings): Record<string, string> => ({
	'com.docker.network.bridge.default_bridge': 'true',
	'com.docker.network.bridge.enable_icc': 'true',
	'com.docker.network.bridge.enable_ip_masquerade': 'true',
	'com.docker.network.bridge.host_binding_ipv4': '0.0.0.0',
	'com.docker.network.bridge.name': bridge.name,
	'com.docker.network.driver.mtu': String(bridge.mtu),
});

/** The networks that every engine has, with ids that stay. `bridge` null: without that one. */
export function rememberDefaultNetworks(
	records: Records,
	bridge: BridgeSettings | null,
	now: () => string,
): { readonly host: Network; readonly none: Network; readonly bridge: Network | null } {
	const networks = records.collection<Network>('networks');
	const remember = (
		name: string,
		driver: string,
		rest: Pick<Network, 'subnets' | 'options'> = { subnets: [], options: {} },
	): Network => {
		const known = networks.list().find((network) => network.name === name);
		const network: Network = {
			id: known?.id ?? newId(),
			name,
			driver,
			createdAt: known?.createdAt ?? now(),
			internal: false,
			labels: {},
			...rest,
		};
		if (JSON.stringify(known) !== JSON.stringify(network)) networks.put(network.id, network);
		return network;
	};
	return records.transaction(() => ({
		host: remember('host', 'host'),
		none: remember('none', 'null'),
		bridge:
			bridge === null
				? null
				: remember('bridge', 'bridge', {
						subnets: [{ subnet: formatSubnet(bridge.subnet), gateway: formatIpv4(bridge.gateway) }],
						options: bridgeOptions(bridge),
					}),
	}));
}
