import { EngineError } from '../../errors.ts';
import { broadcastOf, contains, formatSubnet, type Subnet } from './ipv4.ts';

/** The addresses of one subnet, by holder. Lives in memory: at boot it is filled from what runs. */
export interface AddressPool {
	/** The lowest free address. @throws `exhausted` */
	lease(holder: string): number;
	/** Takes that very address; false when another holder has it or the subnet does not. */
	claim(address: number, holder: string): boolean;
	/** Frees all of a holder's. */
	free(holder: string): void;
}

/** A pool over the subnet without its network, broadcast and gateway address. */
export function createAddressPool(subnet: Subnet, gateway: number): AddressPool {
	const holders = new Map<number, string>();
	const usable = (address: number): boolean =>
		address !== gateway &&
		contains(subnet, address) &&
		(subnet.prefixLength >= 31 || (address !== subnet.base && address !== broadcastOf(subnet)));
	/** No address below this one is free. */
	let lowest = subnet.base;

	return {
		lease(holder) {
			for (let address = lowest; address <= broadcastOf(subnet); address++) {
				if (!usable(address) || holders.has(address)) continue;
				holders.set(address, holder);
				lowest = address + 1;
				return address;
			}
			throw new EngineError(
				'exhausted',
				`no available IPv4 addresses on this network's address pool: ${formatSubnet(subnet)}`,
			);
		},
		claim(address, holder) {
			if (!usable(address) || (holders.get(address) ?? holder) !== holder) return false;
			holders.set(address, holder);
			return true;
		},
		free(holder) {
			for (const [address, held] of holders) {
				if (held !== holder) continue;
				holders.delete(address);
				lowest = Math.min(lowest, address);
			}
		},
	};
}
