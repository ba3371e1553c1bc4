import { lookup } from 'node:dns/promises';
import { isIP, isIPv4 } from 'node:net';
import { EngineError, messageOf } from '../../errors.ts';
import type { DeviceMount } from './driver-options.ts';

async function addressOf(host: string): Promise<string> {
	try {
		return (await lookup(host)).address;
	} catch (error) {
		const reason = messageOf(error);
		throw new EngineError(
			'internal',
			`error resolving passed in network volume address: lookup ${host}: ${/ENOTFOUND/.test(reason) ? 'no such host' : reason}`,
			{ cause: error },
		);
	}
}

/**
 * The same mount with the server's address instead of its name: the kernel resolves none. For nfs it is in the option
 * `addr`, for cifs there or in the device's URL. @throws `internal` when the name cannot be resolved.
 */
export async function withResolvedAddress(mount: DeviceMount): Promise<DeviceMount> {
	if (mount.type !== 'nfs' && mount.type !== 'cifs') return mount;
	const given = mount.options
		.split(',')
		.find((word) => word.startsWith('addr='))
		?.slice('addr='.length);
	if (given !== undefined && given !== '') {
		if (isIPv4(given)) return mount;
		const address = await addressOf(given);
		return { ...mount, options: mount.options.replace(`addr=${given}`, `addr=${address}`) };
	}
	if (mount.type !== 'cifs') return mount;
	const [, before = '', host = '', after = ''] = /^([^/]*\/\/)([^/]*)(.*)$/s.exec(mount.device) ?? [];
	if (host === '' || isIP(host) !== 0) return mount;
	return { ...mount, device: `${before}${await addressOf(host)}${after}` };
}
