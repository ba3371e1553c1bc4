import { hostname } from 'node:os';
import { messageOf } from '../errors.ts';
import type { EventBus } from '../events/bus.ts';
import type { Logger } from '../lib/logger.ts';
import type { DaemonConfig } from './config.ts';

/** What a running daemon takes over from a changed configuration. */
const reloadable = [
	...(['debug', 'logLevel', 'labels', 'insecureRegistries', 'registryMirrors'] as const),
	...([
		'maxConcurrentDownloads',
		'maxDownloadAttempts',
		'shutdownTimeout',
		'defaultShmSize',
		'defaultIpcMode',
	] as const),
];

/** The configuration in force. */
export interface LiveConfig {
	current(): DaemonConfig;
	/** Takes a new one over, as far as a running daemon can; all of that or, when it cannot be read, nothing. */
	reload(read: () => DaemonConfig, log: Logger): DaemonConfig | null;
}

/** Starts with `initial`. */
export function createLiveConfig(initial: DaemonConfig): LiveConfig {
	let config = initial;
	return {
		current: () => config,
		reload(read, log) {
			let next: DaemonConfig;
			try {
				next = read();
			} catch (error) {
				log.error(`the configuration stays as it was: ${messageOf(error)}`);
				return null;
			}
			const later = Object.keys(next).filter((key) => isReloadable(key) === false && differs(config, next, key));
			if (later.length > 0) log.warn(`takes effect at the next start of the daemon: ${later.join(', ')}`);
			const taken = Object.fromEntries(reloadable.map((key) => [key, next[key]]));
			config = { ...config, ...taken };
			log.info('Reloaded configuration');
			return config;
		},
	};
}

function isReloadable(key: string): boolean {
	return (reloadable as readonly string[]).includes(key);
}

function differs(before: DaemonConfig, after: DaemonConfig, key: string): boolean {
	const text = (config: DaemonConfig) =>
		JSON.stringify((config as unknown as Readonly<Record<string, unknown>>)[key], (_key, value: unknown) =>
			value instanceof Map ? [...value] : value,
		);
	return text(before) !== text(after);
}

/** Tells of a reload, with dockerd's attributes as far as they mean something here. */
export function announceReload(
	events: EventBus,
	config: DaemonConfig,
	own: {
		readonly id: string;
		readonly defaultRuntime: string;
		readonly runtimes: ReadonlyMap<string, { path: string }>;
	},
): void {
	events.publish({
		type: 'daemon',
		action: 'reload',
		id: own.id,
		attributes: {
			debug: String(config.debug),
			...(config.defaultCgroupns === null ? {} : { 'default-cgroupns-mode': config.defaultCgroupns }),
			'default-ipc-mode': config.defaultIpcMode,
			'default-runtime': own.defaultRuntime,
			'default-shm-size': String(config.defaultShmSize),
			features: 'map[]',
			'insecure-registries': JSON.stringify(config.insecureRegistries),
			labels: JSON.stringify(config.labels),
			'live-restore': 'true',
			'max-concurrent-downloads': String(config.maxConcurrentDownloads),
			'max-download-attempts': String(config.maxDownloadAttempts),
			name: hostname(),
			'registry-mirrors': JSON.stringify(config.registryMirrors),
			runtimes: [...own.runtimes].map(([name, { path }]) => `${name}:${path}`).join(' '),
			'shutdown-timeout': String(config.shutdownTimeout),
		},
	});
}
