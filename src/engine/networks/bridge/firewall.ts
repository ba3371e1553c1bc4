import { EngineError, messageOf } from '../../../errors.ts';
import { Errno, SyscallError } from '../../../kernel/libc.ts';
import type { NetlinkConnection } from '../../../kernel/netlink/connection.ts';
import { changeMapElements, openNftables } from '../../../kernel/nftables/map-elements.ts';
import { elementOf, type PortForward, renderRemoval, renderRuleset, tableName } from './ruleset.ts';

/** The nftables table of one bridge. */
export interface Firewall {
	/** Puts the table in place with exactly these forwards. @throws `unsupported` without nft, `unavailable` when it refuses. */
	install(forwards: readonly PortForward[]): Promise<void>;
	/** Adds forwards at once, all or nothing. @throws SyscallError, ENOENT when the table is gone. */
	add(forwards: readonly PortForward[]): void;
	/** Removes forwards; what is gone already is fine. @throws SyscallError */
	remove(forwards: readonly PortForward[]): void;
	/** Removes the table. */
	destroy(): Promise<void>;
	close(): void;
}

const nftTimeout = 10_000;

/** Runs `nft -f -`. */
async function runNft(commands: string): Promise<void> {
	let child: Bun.Subprocess<Blob, 'ignore', 'pipe'>;
	try {
		child = Bun.spawn(['nft', '-f', '-'], {
			stdin: new Blob([commands]),
			stdout: 'ignore',
			stderr: 'pipe',
			timeout: nftTimeout,
			killSignal: 'SIGKILL',
		});
	} catch (error) {
		throw new EngineError('unsupported', `the bridge network needs the program nft (nftables): ${messageOf(error)}`, {
			cause: error,
		});
	}
	const [code, complaint] = await Promise.all([child.exited, new Response(child.stderr).text()]);
	if (code !== 0) throw new EngineError('unavailable', `nft: exit status ${code}: ${complaint.trim().slice(0, 1000)}`);
}

/** The table of `bridge` in the network namespace of this thread. `subnet`: `172.17.0.0/16`. */
export function createFirewall(bridge: string, subnet: string): Firewall {
	const table = tableName(bridge);
	const connection: NetlinkConnection = openNftables();
	return {
		install: (forwards) => runNft(renderRuleset(bridge, subnet, forwards)),
		add(forwards) {
			changeMapElements(connection, 'add', table, forwards.map(elementOf));
		},
		remove(forwards) {
			for (const forward of forwards) {
				try {
					changeMapElements(connection, 'delete', table, [elementOf(forward)]);
				} catch (error) {
					if (!(error instanceof SyscallError && error.errno === Errno.ENOENT)) throw error;
				}
			}
		},
		destroy: () => runNft(renderRemoval(bridge)),
		close: () => connection.close(),
	};
}
