import type { ContainerDefaults } from '../defaults.ts';
import type { Container, HostConfig } from '../model.ts';
import { joinedContainer } from './joins.ts';

function securityOptions(hostConfig: HostConfig, { noNewPrivileges, seccompProfile }: ContainerDefaults): string[] {
	const { securityOpt, privileged } = hostConfig;
	const says = (name: string) => securityOpt.some((option) => option.split(/[=:]/, 1)[0] === name);
	return [
		...securityOpt,
		...(noNewPrivileges && !says('no-new-privileges') ? ['no-new-privileges'] : []),
		...(seccompProfile === '' || privileged || says('seccomp') ? [] : [`seccomp=${seccompProfile}`]),
	];
}

/**
 * The container as it starts: with the daemon's defaults where it says nothing. Its record and what inspect shows stay
 * as they were asked for.
 */
export function withDaemonDefaults(container: Container, defaults: ContainerDefaults): Container {
	const { hostConfig } = container;
	const given = new Set(hostConfig.ulimits.map(({ name }) => name));
	const ulimits = [...hostConfig.ulimits, ...defaults.ulimits.filter(({ name }) => !given.has(name))];
	const securityOpt = securityOptions(hostConfig, defaults);
	const common = { ...hostConfig, ulimits, securityOpt };
	// Another container's network comes with its name servers and hosts.
	if (joinedContainer(hostConfig.networkMode) !== null) return { ...container, hostConfig: common };
	const or = (own: readonly string[], other: readonly string[]) => (own.length > 0 ? own : other);
	return {
		...container,
		hostConfig: {
			...common,
			dns: or(hostConfig.dns, defaults.dns),
			dnsOptions: or(hostConfig.dnsOptions, defaults.dnsOptions),
			dnsSearch: or(hostConfig.dnsSearch, defaults.dnsSearch),
			extraHosts: hostConfig.extraHosts.flatMap((line) => gatewayLines(line, defaults.hostGateways)),
		},
	};
}

function gatewayLines(line: string, hostGateways: readonly string[]): readonly string[] {
	const [, start, address] = /^([^:=]+[:=])(.*)$/.exec(line) ?? [];
	if (address !== 'host-gateway' || hostGateways.length === 0) return [line];
	return hostGateways.map((gateway) => `${start}${gateway}`);
}
