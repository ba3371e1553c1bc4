/**
 * Where the stock daemon answers otherwise than the reference says. Its clients know it so, and Gantry answers as it does:
 * an empty list or map of Go is `null`, and what was there before the reference stays.
 */
const fromDockerd: readonly { readonly operation: RegExp; readonly fault: RegExp }[] = [
	{
		operation: /^(ContainerInspect|ContainerList|SystemDataUsage)$/,
		fault: /\/Networks\/[^/]+\/(Links|Aliases|DNSNames): null$/,
	},
	{
		operation: /^ContainerInspect$/,
		fault:
			/^\/HostConfig\/(Binds|CapAdd|CapDrop|DeviceCgroupRules|DeviceRequests|ExtraHosts|GroupAdd|Links|MemorySwappiness|SecurityOpt|VolumesFrom): null$/,
	},
	// The paths of a privileged container: none.
	{ operation: /^ContainerInspect$/, fault: /^\/HostConfig\/(MaskedPaths|ReadonlyPaths): null$/ },
	{ operation: /^ContainerInspect$/, fault: /^\/Config\/(Cmd|Entrypoint|Volumes): null$/ },
	{ operation: /^(ImageList|SystemDataUsage)$/, fault: /\*\/Labels: null$/ },
	// So with the image store of containerd, which has no directories to tell of.
	{ operation: /^ImageInspect$/, fault: /^\/GraphDriver\/Data: null$/ },
	{ operation: /^SystemInfo$/, fault: /^\/(Plugins\/Authorization|GenericResources): null$/ },
	// The fields of the first API, which the reference dropped before the daemon did.
	{ operation: /^SystemEvents$/, fault: /^\/(status|id|from): undeclared$/ },
	{ operation: /^ExecStart$/, fault: /^status 101 is not declared/ },
	{ operation: /^ContainerStats$/, fault: /^\/blkio_stats\/io_service_bytes_recursive: null$/ },
	{ operation: /Prune$/, fault: /^\/(Containers|Images|Networks|Caches)Deleted: null$/ },
	// What was not asked for by `type`.
	{ operation: /^SystemDataUsage$/, fault: /^\/(Images|Containers|Volumes|BuildCache): null$/ },
	// Of a container that changed nothing.
	{ operation: /^ContainerChanges$/, fault: /^: null$/ },
	{ operation: /^ContainerUpdate$/, fault: /^\/Warnings: null$/ },
	// Until it ended.
	{ operation: /^ExecInspect$/, fault: /^\/ExitCode: null$/ },
	{
		operation: /^(Volume|SystemDataUsage)/,
		fault: /^(\/Volumes\/\*)?\/(Labels|Options|Warnings): null$/,
	},
	{ operation: /^Network(List|Inspect)$/, fault: /\/IPAM\/Options: null$/ },
];

/** True for a fault that dockerd has too. */
export function accepted(operation: string, fault: string): boolean {
	return fromDockerd.some((known) => known.operation.test(operation) && known.fault.test(fault));
}
