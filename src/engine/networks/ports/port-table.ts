import { EngineError, wrap } from '../../../errors.ts';
import type { PublishedPort } from '../../containers/model.ts';
import type { Publication } from './publication.ts';

/** What the table needs of the kernel. */
export interface PortKernel {
	/** Reserves a port on the host; `in-use` and `no-such-address` are answers, all else throws. */
	hold(protocol: 'tcp' | 'udp', hostIp: string, port: number): { readonly fd: number } | 'in-use' | 'no-such-address';
	release(fd: number): void;
	/** The host's range for ephemeral ports, inclusive. */
	ephemeralRange(): { readonly first: number; readonly last: number };
}

/** The published ports of all containers, each reserved on the host. */
export interface PortTable {
	/**
	 * Reserves a host port for each publication; all or nothing.
	 * @throws `conflict` in dockerd's words, without the part that names the endpoint.
	 */
	reserve(owner: string, containerIp: string, publications: readonly Publication[]): readonly PublishedPort[];
	/** Takes over ports of a container that runs already; returns those that somebody else has taken meanwhile. */
	adopt(owner: string, ports: readonly PublishedPort[]): readonly PublishedPort[];
	/** Frees all of an owner's. */
	free(owner: string): void;
	/** Frees everything. */
	close(): void;
}

interface Held {
	readonly owner: string;
	readonly port: PublishedPort;
	/** null: adopted while another process has the port. */
	readonly fd: number | null;
}

const anyAddress = '0.0.0.0';

function clashes(one: PublishedPort, other: PublishedPort): boolean {
	if (one.hostPort !== other.hostPort || one.protocol !== other.protocol) return false;
	return one.hostIp === other.hostIp || one.hostIp === anyAddress || other.hostIp === anyAddress;
}

/** An empty table. */
export function createPortTable(kernel: PortKernel): PortTable {
	const held = new Set<Held>();
	let lastEphemeral = 0;

	/** Holds one port, or says in dockerd's words why not. */
	const tryHold = (owner: string, port: PublishedPort, containerIp: string): string | null => {
		const place = `${port.hostIp}:${port.hostPort}`;
		if ([...held].some((other) => clashes(other.port, port)))
			return `Bind for ${place} failed: port is already allocated`;
		if (port.protocol === 'sctp') throw new EngineError('unsupported', 'publishing SCTP ports is not supported');
		const answer = kernel.hold(port.protocol, port.hostIp, port.hostPort);
		const doing = `failed to bind host port for ${place}:${containerIp}:${port.containerPort}/${port.protocol}`;
		if (answer === 'in-use') return `${doing}: address already in use`;
		if (answer === 'no-such-address') return `${doing}: cannot assign requested address`;
		held.add({ owner, port, fd: answer.fd });
		return null;
	};

	/** Host ports to try, in order; ephemeral ones go round so that a freed port rests for a while. */
	function* candidates(publication: Publication): Iterable<number> {
		const { first, last } = publication.hostPorts ?? kernel.ephemeralRange();
		const size = last - first + 1;
		const start =
			publication.hostPorts === null && lastEphemeral >= first && lastEphemeral < last ? lastEphemeral + 1 : first;
		for (let step = 0; step < size; step++) yield first + ((start - first + step) % size);
	}

	const reserveOne = (owner: string, containerIp: string, publication: Publication): PublishedPort => {
		const { containerPort, protocol, hostIp, hostPorts } = publication;
		let refusal = '';
		for (const hostPort of candidates(publication)) {
			const port: PublishedPort = { containerPort, protocol, hostIp, hostPort };
			const failed = tryHold(owner, port, containerIp);
			if (failed === null) {
				if (hostPorts === null) lastEphemeral = hostPort;
				return port;
			}
			refusal = failed;
		}
		if (hostPorts !== null && hostPorts.first === hostPorts.last) throw new EngineError('conflict', refusal);
		throw new EngineError('conflict', `all ports are allocated: the last one failed: ${refusal}`);
	};

	const drop = (leaves: (entry: Held) => boolean): void => {
		for (const entry of [...held].filter(leaves)) {
			held.delete(entry);
			if (entry.fd !== null) kernel.release(entry.fd);
		}
	};
	const free = (owner: string): void => drop((entry) => entry.owner === owner);

	return {
		reserve(owner, containerIp, publications) {
			const reserved: PublishedPort[] = [];
			try {
				for (const publication of publications) reserved.push(reserveOne(owner, containerIp, publication));
				return reserved;
			} catch (error) {
				free(owner);
				throw error instanceof EngineError && error.code === 'conflict' ? error : wrap(error, 'reserve host ports');
			}
		},
		adopt(owner, ports) {
			const lost: PublishedPort[] = [];
			for (const port of ports) {
				if (tryHold(owner, port, '') === null) continue;
				held.add({ owner, port, fd: null });
				lost.push(port);
			}
			return lost;
		},
		free,
		close: () => drop(() => true),
	};
}
