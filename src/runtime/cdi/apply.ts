import { findDevices } from '../spec/host.ts';
import type { SpecDevice, SpecInput, SpecMount } from '../spec/input.ts';
import type { CdiEdits, CdiMount } from './spec.ts';

/** What a container is made of, with the edits of its CDI devices. @throws EngineError for a device node that is not there */
export function applyCdiEdits(input: SpecInput, edits: readonly CdiEdits[]): SpecInput {
	if (edits.length === 0) return input;
	const given = new Set(edits.flatMap(({ env }) => env.map(nameOf)));
	const gids = edits.flatMap(({ additionalGids }) => additionalGids);
	return {
		...input,
		env: [...input.env.filter((entry) => !given.has(nameOf(entry))), ...edits.flatMap(({ env }) => env)],
		devices: [...input.devices, ...edits.flatMap(devicesOf)],
		mounts: [...input.mounts, ...edits.flatMap(({ mounts }) => mounts.map(mountOf))],
		hooks: [...(input.hooks ?? []), ...edits.flatMap(({ hooks }) => hooks)],
		user: { ...input.user, additionalGids: [...new Set([...input.user.additionalGids, ...gids])] },
	};
}

function nameOf(entry: string): string {
	return entry.split('=', 1)[0] ?? entry;
}

function devicesOf({ deviceNodes }: CdiEdits): SpecDevice[] {
	return deviceNodes.flatMap(({ path, hostPath, permissions, uid, gid, fileMode }) =>
		findDevices({ pathOnHost: hostPath || path, pathInContainer: path, cgroupPermissions: permissions }).map(
			(device) => ({
				...device,
				uid: uid ?? device.uid,
				gid: gid ?? device.gid,
				fileMode: fileMode ?? device.fileMode,
			}),
		),
	);
}

function mountOf({ hostPath, containerPath, options }: CdiMount): SpecMount {
	return {
		type: 'bind',
		source: hostPath,
		target: containerPath,
		readOnly: options.includes('ro'),
		propagation: options.find((option) => /^r?(private|shared|slave)$/.test(option)) ?? '',
		nonRecursive: options.includes('bind') && !options.includes('rbind'),
	};
}
