import type { CreateConfig, CreateEndpoint, CreateHostConfig } from '../../../../api/create-request.ts';
import { EngineError } from '../../../../errors.ts';

/** Fields of HostConfig that we read only to refuse them: their zero value passes. */
const unsupported = ['Cgroup'] as const satisfies readonly (keyof CreateHostConfig)[];

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
	refuseStorageOptions(host.StorageOpt);
	if (!['', 'default'].includes(host.Isolation.toLowerCase())) {
		throw new EngineError('invalid_argument', `invalid isolation '${host.Isolation}' on linux`);
	}
	for (const [name, endpoint] of Object.entries(endpoints)) {
		if (endpoint === null) continue;
		const path = `NetworkingConfig.EndpointsConfig[${JSON.stringify(name)}]`;
		if (endpoint.Links.length > 0) refuse(`${path}.Links`);
		if (endpoint.GwPriority !== 0) refuse(`${path}.GwPriority`);
		if ((endpoint.IPAMConfig?.LinkLocalIPs.length ?? 0) > 0) refuse(`${path}.IPAMConfig.LinkLocalIPs`);
	}
}

/** dockerd's words: a container's size can only be limited by project quotas, which snapshots do not use. */
function refuseStorageOptions(options: Readonly<Record<string, string>>): void {
	for (const name of Object.keys(options)) {
		if (name.toLowerCase() !== 'size') throw new EngineError('invalid_argument', `Unknown option ${name}`);
		throw new EngineError(
			'invalid_argument',
			"--storage-opt is supported only for overlay over xfs with 'pquota' mount option",
		);
	}
}
