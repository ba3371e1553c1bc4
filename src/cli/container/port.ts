import { containersOf } from '../../client/containers.ts';
import { EngineError } from '../../errors.ts';
import type { CommandDef } from '../command.ts';

export const command: CommandDef = {
	usage: 'CONTAINER [PRIVATE_PORT[/PROTO]]',
	summary: 'List the published ports of a container',
	arity: { min: 1, max: 2 },
	flags: [],
	async run(context, _flags, [name = '', wanted]) {
		const { NetworkSettings } = await containersOf(await context.client()).inspect(name);
		const ports = NetworkSettings?.Ports ?? {};
		const join = (ip: string, port: string) => `${ip.includes(':') ? `[${ip}]` : ip}:${port}`;
		if (wanted !== undefined && wanted !== '') {
			const port = portKey(wanted);
			const bindings = ports[port];
			if (bindings === undefined || bindings === null) {
				throw new EngineError('not_found', `Error: No public port '${wanted}' published for ${name}`);
			}
			for (const { HostIp = '', HostPort = '' } of bindings) context.stdout.write(`${join(HostIp, HostPort)}\n`);
			return 0;
		}
		const natural = (a: string, b: string) => Number.parseInt(a, 10) - Number.parseInt(b, 10) || (a < b ? -1 : 1);
		for (const port of Object.keys(ports).sort(natural)) {
			for (const { HostIp = '', HostPort = '' } of ports[port] ?? []) {
				context.stdout.write(`${port} -> ${join(HostIp, HostPort)}\n`);
			}
		}
		return 0;
	},
};

/** `80` or `80/udp` as the keys of the published ports have it. @throws EngineError `invalid_argument` */
function portKey(wanted: string): string {
	const [number = '', proto = ''] = wanted.split(/\/(.*)/s);
	const refuse = (why: string) =>
		new EngineError(
			'invalid_argument',
			`Error: invalid port (${number}): strconv.ParseUint: parsing ${JSON.stringify(number)}: ${why}`,
		);
	if (!/^\d+$/.test(number)) throw refuse('invalid syntax');
	if (Number(number) > 65535) throw refuse('value out of range');
	return `${number}/${proto === '' ? 'tcp' : proto}`;
}
