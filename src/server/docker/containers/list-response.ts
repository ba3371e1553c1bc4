import type * as wire from '../../../api/container.ts';
import type { HealthState } from '../../../engine/containers/health/healthcheck.ts';
import type { Container } from '../../../engine/containers/model.ts';
import type { ContainerSize } from '../../../engine/containers/service.ts';
import { mountPointsResponse } from './mount-response.ts';
import { endpointMap } from './network-settings.ts';
import { isUp, statusOf, statusText } from './state.ts';

/** One entry of `GET /containers/json`. `image`: as it is to be shown; `linkNames`: what links call it; `now` in milliseconds. */
export function summaryResponse(
	container: Container,
	image: string,
	linkNames: readonly string[],
	size: ContainerSize | null,
	health: HealthState | null,
	now: number,
): wire.ContainerSummary {
	return {
		Id: container.id,
		Names: [`/${container.name}`, ...linkNames],
		Image: image,
		ImageID: container.imageId,
		Command: commandText(container.path, container.args),
		Created: Math.floor(Date.parse(container.createdAt) / 1000),
		Ports: ports(container),
		...(size === null ? {} : { SizeRw: size.rw, SizeRootFs: size.rootFs }),
		Labels: container.config.labels,
		State: statusOf(container.state),
		Status: statusText(container.state, health, now),
		HostConfig: {
			NetworkMode: container.hostConfig.networkMode,
			...(Object.keys(container.hostConfig.annotations).length === 0
				? {}
				: { Annotations: container.hostConfig.annotations }),
		},
		NetworkSettings: { Networks: endpointMap(container) },
		Mounts: mountPointsResponse(container),
	};
}

/** Path and args in one line; an argument with a space is put in single quotes, and no other quoting is done, as dockerd has it. */
export function commandText(path: string, args: readonly string[]): string {
	return [path, ...args.map((arg) => (arg.includes(' ') ? `'${arg}'` : arg))].join(' ');
}

function ports(container: Container): wire.Port[] {
	if (!isUp(container.state)) return [];
	const published: wire.Port[] = container.ports.map((port) => ({
		IP: port.hostIp,
		PrivatePort: port.containerPort,
		PublicPort: port.hostPort,
		Type: port.protocol,
	}));
	const known = new Set(container.ports.map((port) => `${port.containerPort}/${port.protocol}`));
	for (const exposed of container.config.exposedPorts) {
		if (known.has(exposed)) continue;
		const [port, protocol] = exposed.split('/');
		published.push({ PrivatePort: Number(port), Type: protocol as 'tcp' });
	}
	return published;
}
