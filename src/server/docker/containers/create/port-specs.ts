import { isIP } from 'node:net';
import { invalidField } from '../../../../api/decode.ts';
import type { PortBinding, PortBindings } from '../../../../engine/containers/model.ts';

/** `80`, `80/tcp` or `80-82/udp` as single ports with protocol. @throws EngineError `invalid_argument`. */
export function expandPort(spec: string, path: string): readonly string[] {
	const match = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/([A-Za-z]+))?$/.exec(spec);
	const protocol = (match?.[3] ?? 'tcp').toLowerCase();
	const first = Number(match?.[1] ?? 0);
	const last = Number(match?.[2] ?? first);
	if (match === null || first < 1 || last < first || last > 65_535)
		throw invalidField(path, `invalid port specification: ${JSON.stringify(spec)}`);
	if (protocol !== 'tcp' && protocol !== 'udp' && protocol !== 'sctp') {
		throw invalidField(path, `invalid proto: ${protocol}`);
	}
	return Array.from({ length: last - first + 1 }, (_, index) => `${first + index}/${protocol}`);
}

/** `ExposedPorts`: the keys count. */
export function exposedPortsOf(ports: Readonly<Record<string, unknown>>): readonly string[] {
	return [...new Set(Object.keys(ports).flatMap((spec) => expandPort(spec, 'ExposedPorts')))];
}

/** `PortBindings`; a range of container ports takes a host range of the same length port by port. */
export function portBindingsOf(
	given: Readonly<Record<string, readonly { readonly HostIp: string; readonly HostPort: string }[] | null>>,
): PortBindings {
	const result: Record<string, PortBinding[]> = {};
	for (const [spec, bindings] of Object.entries(given)) {
		const path = `HostConfig.PortBindings[${JSON.stringify(spec)}]`;
		const ports = expandPort(spec, path);
		for (const [index, port] of ports.entries()) {
			result[port] ??= [];
			for (const binding of bindings ?? []) {
				result[port].push({
					hostIp: checkAddress(binding.HostIp, path),
					hostPort: hostPortFor(binding.HostPort, index, ports.length, path),
				});
			}
		}
	}
	return result;
}

function checkAddress(address: string, path: string): string {
	const bare = address.replace(/^\[(.*)\]$/, '$1');
	if (bare !== '' && isIP(bare) === 0) throw invalidField(`${path}.HostIp`, `invalid IP address: ${address}`);
	return bare;
}

function hostPortFor(text: string, index: number, count: number, path: string): string {
	if (text === '' || text === '0') return '';
	const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
	const first = Number(match?.[1] ?? 0);
	const last = Number(match?.[2] ?? first);
	if (match === null || first < 1 || last < first || last > 65_535) {
		throw invalidField(`${path}.HostPort`, `invalid port specification: ${JSON.stringify(text)}`);
	}
	if (count === 1) return match[2] === undefined ? String(first) : `${first}-${last}`;
	if (last - first + 1 !== count)
		throw invalidField(`${path}.HostPort`, 'the host range must be as long as the container range');
	return String(first + index);
}
