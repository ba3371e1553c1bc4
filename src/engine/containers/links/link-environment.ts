/** A container that another is linked to, as that one learns of it. */
export interface LinkedContainer {
	readonly id: string;
	readonly name: string;
	readonly alias: string;
	readonly hostname: string;
	readonly address: string;
	readonly env: readonly string[];
	/** `80/tcp` … */
	readonly exposedPorts: readonly string[];
}

interface Port {
	readonly number: number;
	readonly protocol: string;
}

/** Variables of every container, which tell nothing of this one. */
const ordinary = new Set(['HOME', 'PATH']);

function portsOf(texts: readonly string[]): readonly Port[] {
	return texts
		.map((text) => text.split('/'))
		.map(([number = '', protocol = 'tcp']) => ({ number: Number(number), protocol }))
		.sort((a, b) => a.number - b.number || (a.protocol === 'tcp' ? -1 : b.protocol === 'tcp' ? 1 : 0));
}

/** Runs of three ports or more that follow each other are told as ranges, too. */
function ranges(ports: readonly Port[]): readonly (readonly [Port, Port])[] {
	const found: (readonly [Port, Port])[] = [];
	for (let from = 0; from < ports.length; from++) {
		let to = from;
		while (ports[to + 1] !== undefined && (ports[to + 1]?.number ?? 0) <= (ports[to]?.number ?? 0) + 1) to++;
		const [first, last] = [ports[from], ports[to]];
		if (first === undefined || last === undefined || to <= from + 1) continue;
		found.push([first, last]);
		from = to;
	}
	return found;
}

/** What dockerd tells in the environment of a link: address and ports of the other, and its environment. */
export function linkEnvironment(parentName: string, child: LinkedContainer): readonly string[] {
	const alias = child.alias.toUpperCase().replaceAll('-', '_');
	const ports = portsOf(child.exposedPorts);
	const url = ({ number, protocol }: Port): string => `${protocol}://${child.address}:${number}`;
	const nameOf = ({ number, protocol }: Port): string => `${alias}_PORT_${number}_${protocol.toUpperCase()}`;
	const [lowest] = ports;
	return [
		...(lowest === undefined ? [] : [`${alias}_PORT=${url(lowest)}`]),
		...ranges(ports).flatMap(([first, last]) => [
			`${nameOf(first)}_START=${url(first)}`,
			`${nameOf(first)}_ADDR=${child.address}`,
			`${nameOf(first)}_PROTO=${first.protocol}`,
			`${nameOf(first)}_PORT_START=${first.number}`,
			`${nameOf(last)}_END=${url(last)}`,
			`${nameOf(last)}_PORT_END=${last.number}`,
		]),
		...ports.flatMap((port) => [
			`${nameOf(port)}=${url(port)}`,
			`${nameOf(port)}_ADDR=${child.address}`,
			`${nameOf(port)}_PORT=${port.number}`,
			`${nameOf(port)}_PROTO=${port.protocol}`,
		]),
		`${alias}_NAME=/${parentName}/${child.alias}`,
		...child.env
			.filter((entry) => entry.includes('=') && !ordinary.has(entry.slice(0, entry.indexOf('='))))
			.map((entry) => `${alias}_ENV_${entry}`),
	];
}

/** The line of the hosts file: the alias, the other's host name, and its name unless that is the alias. */
export function linkHostsLine({ address, alias, hostname, name }: LinkedContainer): string {
	return `${address}\t${[alias, hostname, ...(alias === name ? [] : [name])].join(' ')}`;
}
