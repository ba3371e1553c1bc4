import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type DaemonConfig, readConfig } from './daemon/config.ts';
import { createEngine } from './daemon/engine.ts';
import { daemonHelp } from './daemon/flags.ts';
import { lookupGroup } from './daemon/group.ts';
import { claimPidfile } from './daemon/pidfile.ts';
import { createLiveConfig, type LiveConfig } from './daemon/reload.ts';
import { type LoadedTls, loadTls } from './daemon/tls.ts';
import { EngineError, messageOf } from './errors.ts';
import { lockFile } from './kernel/file-lock.ts';
import { buildInfo } from './lib/build-info.ts';
import { createLogger, type Logger } from './lib/logger.ts';
import { createDockerServer, type DockerServer } from './server/docker/server.ts';

/** How long requests may go on after SIGTERM, in milliseconds. */
const closePatience = 300;

/** The daemon role: parses the command line, runs until SIGTERM or SIGINT. Failures to start are one line and exit code 1. */
export async function runDaemon(args: readonly string[]): Promise<void> {
	try {
		const command = readConfig(args);
		if (command.kind === 'help') process.stdout.write(daemonHelp());
		else if (command.kind === 'version')
			process.stdout.write(`Gantry version ${buildInfo.version}, build ${buildInfo.commit}\n`);
		else if (command.kind === 'validate') process.stdout.write('configuration OK\n');
		else await serve(createLiveConfig(command.config), () => readAgain(args));
	} catch (error) {
		process.stderr.write(`gantry daemon: ${messageOf(error)}\n`);
		process.exit(1);
	}
}

/** Who may use the sockets. */
interface Access {
	/** Group of the unix sockets; null: the daemon's own. */
	readonly gid: number | null;
	readonly tls: LoadedTls | null;
}

function readAgain(args: readonly string[]): DaemonConfig {
	const command = readConfig(args);
	if (command.kind === 'run') return command.config;
	throw new EngineError('internal', `a daemon does not run with ${command.kind}`);
}

async function serve(live: LiveConfig, read: () => DaemonConfig): Promise<void> {
	const config = live.current();
	const log = createLogger(
		() => live.current().logLevel,
		(line) => process.stderr.write(line),
	);
	// From the first moment: without a handler it would end the daemon.
	let announce = (): void => undefined;
	process.on('SIGHUP', () => {
		if (live.reload(read, log) !== null) announce();
	});
	process.on('unhandledRejection', (reason) => log.error(`nobody waited for this failure: ${messageOf(reason)}`));
	const stopped = new Promise<void>((resolve) => {
		process.once('SIGTERM', resolve);
		process.once('SIGINT', resolve);
	});
	await mkdir(config.dataRoot, { recursive: true, mode: 0o710 });
	await mkdir(config.execRoot, { recursive: true, mode: 0o700 });
	const access: Access = {
		gid: config.group === null ? lookupGroup('docker') : lookupGroup(config.group, { required: true }),
		tls: config.tls === null ? null : loadTls(config.tls),
	};
	claimRoots(config);
	const releasePidfile = claimPidfile(config.pidfile);
	try {
		const engine = await createEngine(live, log);
		announce = engine.announceReload;
		const server = createDockerServer(engine.services);
		try {
			await listenAll(server, config, access, log);
		} catch (error) {
			await engine.close();
			throw error;
		}
		log.info('Daemon has completed initialization');
		await stopped;
		log.info('stopping; containers go on');
		await server.close(closePatience);
		await engine.close();
	} finally {
		releasePidfile();
	}
	process.exit(0);
}

/** Two daemons in one directory would take each other's containers. The locks last as long as this process. @throws `conflict` */
function claimRoots({ dataRoot, execRoot }: DaemonConfig): void {
	for (const [flag, root] of [
		['data-root', dataRoot],
		['exec-root', execRoot],
	] as const) {
		if (lockFile(join(root, `${flag}.lock`)) !== null) continue;
		throw new EngineError('conflict', `another daemon works in ${root}: stop it, or give this one another --${flag}`);
	}
}

async function listenAll(server: DockerServer, config: DaemonConfig, { gid, tls }: Access, log: Logger): Promise<void> {
	for (const host of config.hosts) {
		if (host.kind === 'unix') {
			await mkdir(join(host.path, '..'), { recursive: true });
			await server.listenUnix(host.path, { mode: 0o660, gid });
			log.info(`API listen on ${host.path}`);
			continue;
		}
		const port = await server.listenTcp({
			host: host.host,
			port: host.port,
			...(tls === null ? {} : { tls: tls.pem }),
		});
		if (tls === null || !tls.verify) {
			log.warn(
				`API on ${host.host}:${port} without checking clients: whoever reaches it is root on this host; use --tlsverify`,
			);
		}
		log.info(`API listen on ${host.host}:${port}`);
	}
}
