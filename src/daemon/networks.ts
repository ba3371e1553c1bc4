import type { Containers } from '../engine/containers/containers.ts';
import { createNetworks, type Networks } from '../engine/networks/networks.ts';
import type { EventBus } from '../events/bus.ts';
import type { Logger } from '../lib/logger.ts';
import { timestamp } from '../lib/time.ts';
import type { Records } from '../store/records/records.ts';
import type { DaemonConfig } from './config.ts';

/** Wires the networks; containers are asked for only when all is there. */
export function openNetworks(
	config: DaemonConfig,
	given: { records: Records; events: EventBus; log: Logger; containers: () => Containers },
): Networks {
	const { records, events, log, containers } = given;
	return createNetworks({
		records,
		runDir: config.execRoot,
		bridge: config.bridge === 'none' ? null : { name: config.bridge, cidr: config.bip, mtu: config.mtu },
		events,
		peers: {
			find(ref) {
				const { queries } = containers();
				const container = queries.get(ref);
				const { state } = container;
				const { hosts, resolvConf, hostname: hostnameFile } = queries.paths(container);
				return {
					id: container.id,
					state: state.at,
					pid: state.at === 'running' || state.at === 'paused' ? state.pid : null,
					hostname: container.config.hostname,
					domainname: container.config.domainname,
					files: { hosts, resolvConf, hostname: hostnameFile },
				};
			},
			nameOf: (id) => containers().nameOf(id),
		},
		log,
		now: timestamp,
	});
}
