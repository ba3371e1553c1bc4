import type { Filters } from '../filters.ts';

/** A network as it is recorded. */
export interface Network {
	readonly id: string;
	readonly name: string;
	/** `bridge`, `host` or `null` (Docker's word for none). */
	readonly driver: string;
	readonly createdAt: string;
	readonly internal: boolean;
	readonly subnets: readonly { readonly subnet: string; readonly gateway: string }[];
	readonly options: Readonly<Record<string, string>>;
	readonly labels: Readonly<Record<string, string>>;
}

/** A container in a network. */
export interface NetworkMember {
	readonly containerId: string;
	readonly containerName: string;
	readonly endpointId: string;
	readonly macAddress: string;
	/** With prefix length. */
	readonly ipv4: string;
}

/** Reading networks. */
export interface NetworkQueries {
	/** By name, id or unique id prefix. @throws `not_found` (`network REF not found`). */
	get(ref: string): Network;
	list(filters: Filters): readonly Network[];
	members(id: string): readonly NetworkMember[];
}
