/** Wire types of the Docker Engine API: network. Source: Engine API 1.51, definitions. Every field may be absent on the wire. */
import type { PortMap } from './container.ts';

export type NetworkSettings = {
	Bridge?: string | undefined;
	SandboxID?: string | undefined;
	HairpinMode?: boolean | undefined;
	LinkLocalIPv6Address?: string | undefined;
	LinkLocalIPv6PrefixLen?: number | undefined;
	Ports?: PortMap | undefined;
	SandboxKey?: string | undefined;
	SecondaryIPAddresses?: Address[] | null | undefined;
	SecondaryIPv6Addresses?: Address[] | null | undefined;
	EndpointID?: string | undefined;
	Gateway?: string | undefined;
	GlobalIPv6Address?: string | undefined;
	GlobalIPv6PrefixLen?: number | undefined;
	IPAddress?: string | undefined;
	IPPrefixLen?: number | undefined;
	IPv6Gateway?: string | undefined;
	MacAddress?: string | undefined;
	Networks?: Record<string, EndpointSettings> | null | undefined;
};

export type Address = {
	Addr?: string | undefined;
	PrefixLen?: number | undefined;
};

export type EndpointSettings = {
	IPAMConfig?: EndpointIPAMConfig | null | undefined;
	Links?: string[] | null | undefined;
	MacAddress?: string | undefined;
	Aliases?: string[] | null | undefined;
	DriverOpts?: Record<string, string> | null | undefined;
	GwPriority?: number | undefined;
	NetworkID?: string | undefined;
	EndpointID?: string | undefined;
	Gateway?: string | undefined;
	IPAddress?: string | undefined;
	IPPrefixLen?: number | undefined;
	IPv6Gateway?: string | undefined;
	GlobalIPv6Address?: string | undefined;
	GlobalIPv6PrefixLen?: number | undefined;
	DNSNames?: string[] | null | undefined;
};

export type EndpointIPAMConfig = {
	IPv4Address?: string | undefined;
	IPv6Address?: string | undefined;
	LinkLocalIPs?: string[] | null | undefined;
};

export type Network = {
	Name?: string | undefined;
	Id?: string | undefined;
	Created?: string | undefined;
	Scope?: string | undefined;
	Driver?: string | undefined;
	EnableIPv4?: boolean | undefined;
	EnableIPv6?: boolean | undefined;
	IPAM?: IPAM | undefined;
	Internal?: boolean | undefined;
	Attachable?: boolean | undefined;
	Ingress?: boolean | undefined;
	ConfigFrom?: ConfigReference | undefined;
	ConfigOnly?: boolean | undefined;
	Containers?: Record<string, NetworkContainer> | null | undefined;
	Options?: Record<string, string> | null | undefined;
	Labels?: Record<string, string> | null | undefined;
	Peers?: PeerInfo[] | null | undefined;
};

export type ConfigReference = {
	Network?: string | undefined;
};

export type IPAM = {
	Driver?: string | undefined;
	Config?: IPAMConfig[] | null | undefined;
	Options?: Record<string, string> | null | undefined;
};

export type IPAMConfig = {
	Subnet?: string | undefined;
	IPRange?: string | undefined;
	Gateway?: string | undefined;
	AuxiliaryAddresses?: Record<string, string> | null | undefined;
};

export type NetworkContainer = {
	Name?: string | undefined;
	EndpointID?: string | undefined;
	MacAddress?: string | undefined;
	IPv4Address?: string | undefined;
	IPv6Address?: string | undefined;
};

export type PeerInfo = {
	Name?: string | undefined;
	IP?: string | undefined;
};

export type NetworkCreateResponse = {
	Id?: string | undefined;
	Warning?: string | undefined;
};

/** An endpoint that is not connected: its fields that only a run fills. */
export const idleEndpoint = {
	NetworkID: '',
	EndpointID: '',
	Gateway: '',
	IPAddress: '',
	IPPrefixLen: 0,
	IPv6Gateway: '',
	GlobalIPv6Address: '',
	GlobalIPv6PrefixLen: 0,
	DNSNames: null,
} satisfies EndpointSettings;
