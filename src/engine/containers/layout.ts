import { join } from 'node:path';

/** Where a container's files are. */
export interface ContainerFiles {
	/** Durable: log, hosts, resolv.conf, hostname, exit.json. */
	readonly stateDir: string;
	readonly log: string;
	readonly hosts: string;
	readonly resolvConf: string;
	readonly hostname: string;
	readonly exit: string;
	/** Volatile: the OCI bundle. */
	readonly bundle: string;
	/** The shim's socket. Short, for the limit of 107 bytes on socket paths. */
	readonly socket: string;
}

/** The layout of both roots. */
export interface Layout {
	readonly containersDir: string;
	readonly bundlesDir: string;
	readonly socketsDir: string;
	/** The OCI runtime's own state. */
	readonly runtimeDir: string;
	files(id: string): ContainerFiles;
}

/** The layout below a data root and an exec root. */
export function layoutOf(dataRoot: string, execRoot: string): Layout {
	const containersDir = join(dataRoot, 'containers');
	const bundlesDir = join(execRoot, 'bundles');
	const socketsDir = join(execRoot, 's');
	return {
		containersDir,
		bundlesDir,
		socketsDir,
		runtimeDir: join(execRoot, 'runtime'),
		files(id) {
			const stateDir = join(containersDir, id);
			return {
				stateDir,
				log: join(stateDir, `${id}-json.log`),
				hosts: join(stateDir, 'hosts'),
				resolvConf: join(stateDir, 'resolv.conf'),
				hostname: join(stateDir, 'hostname'),
				exit: join(stateDir, 'exit.json'),
				bundle: join(bundlesDir, id),
				socket: join(socketsDir, `${id.slice(0, 16)}.sock`),
			};
		},
	};
}
