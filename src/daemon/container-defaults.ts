import type { ContainerDefaults } from '../engine/containers/defaults.ts';
import type { DaemonConfig } from './config.ts';

/** What the configuration says of containers that do not say themselves. */
export function containerDefaults(config: DaemonConfig): ContainerDefaults {
	return {
		shmSize: config.defaultShmSize,
		ipcMode: config.defaultIpcMode,
		...config.startDefaults,
		init: config.init,
		initPath: config.initPath,
	};
}
