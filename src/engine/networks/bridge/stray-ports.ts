import { messageOf } from '../../../errors.ts';
import type { Log } from '../sysctl.ts';

/** How long the kernel may take, in milliseconds, to clear a namespace and its devices away by itself. */
const patience = 1_000;

/**
 * Deletes the devices of endpoints whose namespace does not go: connections that a killed container left open keep it,
 * sometimes for minutes. Deleting a device blocks for tens of milliseconds, so that another process does it.
 */
export interface StrayPorts {
	/** An endpoint was disconnected: looks for what is left of it after a while. */
	look(): void;
	close(): void;
}

/** `strays`: names of the devices that belong to no endpoint. */
export function createStrayPorts(strays: () => readonly string[], log: Log): StrayPorts {
	let timer: ReturnType<typeof setTimeout> | undefined;
	let again = false;

	const remove = async (name: string): Promise<void> => {
		const child = Bun.spawn(['ip', 'link', 'delete', name], { stdio: ['ignore', 'ignore', 'pipe'], timeout: 10_000 });
		const [code, message] = await Promise.all([child.exited, new Response(child.stderr).text()]);
		// The kernel may have been faster.
		if (code !== 0 && strays().includes(name)) log.warn(`delete the device ${name}: ${message.trim()}`);
	};

	const sweep = async (): Promise<void> => {
		try {
			for (const name of strays()) await remove(name);
		} catch (error) {
			log.warn(`delete devices of containers that are gone: ${messageOf(error)}`);
		}
		timer = undefined;
		if (again) look();
	};

	const look = (): void => {
		again = timer !== undefined;
		if (again) return;
		timer = setTimeout(() => void sweep(), patience);
		timer.unref();
	};

	return {
		look,
		close() {
			again = false;
			clearTimeout(timer);
		},
	};
}
