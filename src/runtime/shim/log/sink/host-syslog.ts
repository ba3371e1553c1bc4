import { EngineError } from '../../../../errors.ts';
import { type Channel, type QueueLimits, usualRetry, withOpen } from './channel.ts';
import { UnixDatagramChannel } from './datagram-channel.ts';
import { StreamChannel } from './stream-channel.ts';

/** Where syslog daemons listen on their own host. */
const places = ['/dev/log', '/var/run/syslog', '/var/run/log'];

/** A channel, open, to the syslog daemon of this host. @throws `unavailable` when there is none */
export async function hostSyslog(limits: QueueLimits): Promise<Channel> {
	const usual = { limits, retry: usualRetry, async: false, writeTimeout: 0, acknowledgements: null };
	const channels: Channel[] = places.map((path) => new UnixDatagramChannel(path, limits));
	channels.push(...places.map((path) => new StreamChannel({ ...usual, address: { kind: 'unix', path } })));
	for (const channel of channels) {
		try {
			await channel.open();
		} catch {
			continue; // Of the places only one is in use.
		}
		return withOpen(channel, () => Promise.resolve());
	}
	throw new EngineError('unavailable', 'Unix syslog delivery error');
}
