import type { Container } from '../model.ts';
import type { SandboxRequest } from '../ports.ts';

/** What a container asks of its network. `linkedHosts`: lines of the hosts file for those it is linked to. */
export function sandboxRequest(container: Container, linkedHosts: readonly string[] = []): SandboxRequest {
	const { config, hostConfig } = container;
	return {
		containerId: container.id,
		containerName: container.name,
		hostname: config.hostname,
		domainname: config.domainname,
		networkMode: config.networkDisabled ? 'none' : hostConfig.networkMode,
		endpointRequests: container.endpointRequests,
		exposedPorts: config.exposedPorts,
		portBindings: hostConfig.portBindings,
		publishAllPorts: hostConfig.publishAllPorts,
		extraHosts: hostConfig.extraHosts,
		linkedHosts,
		dns: hostConfig.dns,
		dnsOptions: hostConfig.dnsOptions,
		dnsSearch: hostConfig.dnsSearch,
	};
}
