import type * as wire from '../../../api/network.ts';
import { parseFilters } from '../../../api/query.ts';
import type { Network, NetworkMember, NetworkQueries } from '../../../engine/networks/service.ts';
import { param, sendJson } from '../exchange.ts';
import type { Route } from '../router.ts';

/** Reading networks. */
export function networkRoutes(networks: NetworkQueries): readonly Route[] {
	const list: Route['handler'] = (exchange) => {
		const found = networks.list(parseFilters(exchange.query.get('filters')));
		return sendJson(
			exchange,
			found.map((network) => networkResponse(network, [])),
		);
	};
	return [
		{ method: 'GET', pattern: '/networks', handler: list },
		{ method: 'GET', pattern: '/networks/', handler: list },
		{
			method: 'GET',
			pattern: '/networks/{id}',
			handler(exchange) {
				const network = networks.get(param(exchange, 'id'));
				return sendJson(exchange, networkResponse(network, networks.members(network.id)));
			},
		},
	];
}

/** A network as inspect shows it; the list has no members. */
function networkResponse(network: Network, members: readonly NetworkMember[]): wire.Network {
	return {
		Name: network.name,
		Id: network.id,
		Created: network.createdAt,
		Scope: 'local',
		Driver: network.driver,
		EnableIPv4: true,
		EnableIPv6: network.subnets.some(({ subnet }) => subnet.includes(':')),
		IPAM: {
			Driver: 'default',
			Options: null,
			Config: network.subnets.map(({ subnet, gateway }) => ({
				Subnet: subnet,
				...(gateway === '' ? {} : { Gateway: gateway }),
			})),
		},
		Internal: network.internal,
		Attachable: false,
		Ingress: false,
		ConfigFrom: { Network: '' },
		ConfigOnly: false,
		Containers: Object.fromEntries(
			members.map((member) => [
				member.containerId,
				{
					Name: member.containerName,
					EndpointID: member.endpointId,
					MacAddress: member.macAddress,
					IPv4Address: member.ipv4,
					IPv6Address: '',
				},
			]),
		),
		Options: network.options,
		Labels: network.labels,
	};
}
