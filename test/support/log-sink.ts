/**
 * A log collector for tests, run in a daemon's network namespace: `bun log-sink.ts ADDRESS [ack|stall]`. ADDRESS is
 * tcp:PORT, udp:PORT or unix:PATH. Prints `ready`, then what comes, base64, a line for each piece; `ack` answers Fluentd
 * messages, `stall` reads nothing.
 */
import type { Socket } from 'bun';
import { acknowledge } from './fluentd-events.ts';

const [address = '', mode = ''] = process.argv.slice(2);
const cut = address.indexOf(':');
const [kind, place] = [address.slice(0, cut), address.slice(cut + 1)];
const print = (bytes: Uint8Array): void => {
	process.stdout.write(`${Buffer.from(bytes).toString('base64')}\n`);
};
const socket = {
	open(one: Socket): void {
		if (mode === 'stall') one.pause();
	},
	data(one: Socket, bytes: Uint8Array): void {
		print(bytes);
		if (mode === 'ack') for (const answer of acknowledge(Buffer.from(bytes))) one.write(answer);
	},
};
if (kind === 'udp') {
	await Bun.udpSocket({ hostname: '127.0.0.1', port: Number(place), socket: { data: (_one, bytes) => print(bytes) } });
} else if (kind === 'unix') Bun.listen({ unix: place, socket });
else Bun.listen({ hostname: '127.0.0.1', port: Number(place), socket });
process.stdout.write('ready\n');
