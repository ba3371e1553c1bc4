import type { PortMap } from '../../../api/container.ts';
import type * as wire from '../../../api/network.ts';
import { idleEndpoint } from '../../../api/network.ts';
import type { Container, Endpoint } from '../../../engine/containers/model.ts';
import { isUp } from './state.ts';

/** `NetworkSettings` of inspect. `sandboxKey` as the engine tells it. */
export function networkSettings(container: Container, sandboxKey: string): wire.NetworkSettings {
	const up = isUp(container.state);
	const bridge = container.endpoints.find((endpoint) => endpoint.networkName === 'bridge');
	return {
		Bridge: '',
		SandboxID: up && sandboxKey !== '' ? container.id : '',
		SandboxKey: up ? sandboxKey : '',
		Ports: up ? portMap(container) : {},
		HairpinMode: false,
		LinkLocalIPv6Address: '',
		LinkLocalIPv6PrefixLen: 0,
		SecondaryIPAddresses: null,
		SecondaryIPv6Addresses: null,
		EndpointID: bridge?.endpointId ?? '',
		Gateway: bridge?.gateway ?? '',
		GlobalIPv6Address: '',
		GlobalIPv6PrefixLen: 0,
		IPAddress: bridge?.ipv4 ?? '',
		IPPrefixLen: bridge?.prefixLength ?? 0,
		IPv6Gateway: '',
		MacAddress: bridge?.macAddress ?? '',
		Networks: endpointMap(container),
	};
}

/** `Networks` by name, for inspect and list. A container on the host's network or none has that one, without addresses. */
export function endpointMap(container: Container): Record<string, wire.EndpointSettings> {
	const mode = container.hostConfig.networkMode;
	const entries = container.endpoints.map((endpoint) => [endpoint.networkName, endpointSettings(endpoint, container)]);
	if (entries.length === 0 && (mode === 'host' || mode === 'none')) return { [mode]: emptyEndpoint() };
	return Object.fromEntries(entries);
}

function emptyEndpoint(): wire.EndpointSettings {
	return {
		IPAMConfig: null,
		Links: null,
		Aliases: null,
		MacAddress: '',
		DriverOpts: null,
		GwPriority: 0,
		...idleEndpoint,
	};
}

function endpointSettings(endpoint: Endpoint, container: Container): wire.EndpointSettings {
	const { request } = endpoint;
	const fixed = {
		...(request.ipv4 === '' ? {} : { IPv4Address: request.ipv4 }),
		...(request.ipv6 === '' ? {} : { IPv6Address: request.ipv6 }),
	};
	const named = endpoint.networkName !== 'bridge';
	const names = [container.name, ...request.aliases, container.id.slice(0, 12)];
	return {
		...emptyEndpoint(),
		IPAMConfig: Object.keys(fixed).length === 0 ? null : fixed,
		Aliases: request.aliases.length === 0 ? null : [...request.aliases],
		MacAddress: endpoint.macAddress,
		DriverOpts: Object.keys(request.driverOpts).length === 0 ? null : request.driverOpts,
		NetworkID: endpoint.networkId,
		EndpointID: endpoint.endpointId,
		Gateway: endpoint.gateway,
		IPAddress: endpoint.ipv4,
		IPPrefixLen: endpoint.prefixLength,
		DNSNames: named ? [...new Set(names)] : null,
	};
}

/** Ports with their bindings; null for one that is only exposed. */
function portMap(container: Container): PortMap {
	const result: PortMap = {};
	for (const port of container.config.exposedPorts) result[port] = null;
	for (const { containerPort, protocol, hostIp, hostPort } of container.ports) {
		const key = `${containerPort}/${protocol}`;
		result[key] = [...(result[key] ?? []), { HostIp: hostIp, HostPort: String(hostPort) }];
	}
	return result;
}
