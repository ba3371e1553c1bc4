import { appendFileSync, statSync } from 'node:fs';
import { messageOf } from '../../errors.ts';
import { becomeSubreaper } from '../../kernel/process.ts';
import { Link } from '../link.ts';
import { Children } from './invoke.ts';
import { ShimServer } from './server.ts';

/**
 * The shim role: `shim --daemon SOCKET`. Connects to the daemon, takes one job, and from then on needs nobody.
 */
export async function runShim(args: readonly string[]): Promise<void> {
	const daemon = args[0] === '--daemon' ? args[1] : undefined;
	if (daemon === undefined) throw new Error('the shim role is started by the daemon');
	const children = new Children();
	process.on('SIGHUP', () => {});
	becomeSubreaper();
	children.listen();
	// Before the connection: whoever answers then is of this socket, or of a later one that does not know us.
	const made = identityOf(daemon);
	const link = await Link.connect(daemon);
	const server = new ShimServer(
		children,
		() => identityOf(daemon) !== made,
		() => process.exit(0),
	);
	process.on('uncaughtException', (error) => report(server, error));
	process.on('unhandledRejection', (error) => report(server, error));
	server.serve(link);
	link.writeLine({ event: 'hello', pid: process.pid });
}

/** Which file this is; '' when there is none. */
function identityOf(path: string): string {
	const found = statSync(path, { bigint: true, throwIfNoEntry: false });
	return found === undefined ? '' : `${found.ino} ${found.ctimeNs}`;
}

/** A shim has no terminal and no output of its own; it goes on, for the container's sake. */
function report(server: ShimServer, error: unknown): void {
	const stack = error instanceof Error ? error.stack : undefined;
	const line = `${new Date().toISOString()} shim ${process.pid}: ${stack ?? messageOf(error)}\n`;
	if (server.stateDir !== null) appendFileSync(`${server.stateDir}/shim-error.log`, line, { mode: 0o600 });
}
