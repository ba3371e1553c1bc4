import type { CreateConfig, CreateEndpoint, CreateHostConfig } from '../../../../api/create-request.ts';
import { EngineError } from '../../../../errors.ts';

/** Fields of HostConfig that we read only to refuse them: their zero value passes. */
const unsupported = [
	'VolumesFrom',
	'Cgroup',
	'Links',
	'StorageOpt',
	'BlkioWeightDevice',
	'BlkioDeviceReadBps',
	'BlkioDeviceWriteBps',
	'BlkioDeviceReadIOps',
	'BlkioDeviceWriteIOps',
	'CpuRealtimePeriod',
	'CpuRealtimeRuntime',
	'DeviceCgroupRules',
	'DeviceRequests',
	'CpuCount',
	'CpuPercent',
	'IOMaximumIOps',
	'IOMaximumBandwidth',
] as const satisfies readonly (keyof CreateHostConfig)[];

function isZero(value: unknown): boolean {
	if (Array.isArray(value)) return value.length === 0;
	if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0;
	return value === '' || value === 0 || value === false || value === null || value === undefined;
}

/** @throws EngineError `unsupported` naming the first field that asks for what the engine does not do. */
export function refuseUnsupported(
	_config: CreateConfig,
	host: CreateHostConfig,
	endpoints: Readonly<Record<string, CreateEndpoint | null>>,
): void {
	const refuse = (field: string): never => {
		throw new EngineError('unsupported', `${field} is not supported by this version of Gantry`);
	};
	for (const field of unsupported) if (!isZero(host[field])) refuse(`HostConfig.${field}`);
	// -1 is the stock CLI's way to say "not set".
	if (host.MemorySwappiness !== null && host.MemorySwappiness !== -1) refuse('HostConfig.MemorySwappiness');
	if (host.VolumeDriver !== '' && host.VolumeDriver !== 'local') refuse('HostConfig.VolumeDriver');
	if (host.Isolation !== '' && host.Isolation !== 'default') refuse('HostConfig.Isolation');
	for (const [name, endpoint] of Object.entries(endpoints)) {
		if (endpoint === null) continue;
		const path = `NetworkingConfig.EndpointsConfig[${JSON.stringify(name)}]`;
		if (endpoint.Links.length > 0) refuse(`${path}.Links`);
		if (endpoint.GwPriority !== 0) refuse(`${path}.GwPriority`);
		if ((endpoint.IPAMConfig?.LinkLocalIPs.length ?? 0) > 0) refuse(`${path}.IPAMConfig.LinkLocalIPs`);
	}
}
