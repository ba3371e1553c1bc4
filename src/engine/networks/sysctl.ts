import { readFileSync, writeFileSync } from 'node:fs';
import { messageOf } from '../../errors.ts';

/** Where warnings go. */
export interface Log {
	warn(message: string): void;
}

/**
 * Sets a value below /proc/sys/net of the namespace that this thread is in, if it is another one. A host that does not
 * let us (a read-only /proc/sys, a kernel without the setting) gets a warning: networks work in part without.
 * `name`: with slashes, as device names may have dots.
 */
export function setSysctl(name: string, value: string, log: Log): void {
	const path = `/proc/sys/net/${name}`;
	try {
		if (readFileSync(path, 'utf8').trim().split(/\s+/).join(' ') === value) return;
		writeFileSync(path, value);
	} catch (error) {
		log.warn(`cannot set net/${name} to ${value}: ${messageOf(error)}`);
	}
}
