import { readlink } from 'node:fs/promises';
import { readText } from './cgroup/files.ts';

/** /proc/stat counts in hundredths of a second. */
const tick = 10_000_000;

/** What all processors did since the start of the host. */
export interface SystemCpu {
	/** Nanoseconds, idle ones too. */
	readonly usage: number;
	/** Processors that are online. */
	readonly online: number;
}

/** Reads /proc/stat, or the file given. */
export async function readSystemCpu(file = '/proc/stat'): Promise<SystemCpu> {
	const lines = ((await readText(file)) ?? '').split('\n');
	const all = lines.find((line) => line.startsWith('cpu '));
	// Up to and with softirq: the columns after it are parts of the others.
	const ticks = (all ?? '')
		.trim()
		.split(/\s+/)
		.slice(1, 8)
		.reduce((sum, word) => sum + Number(word), 0);
	return { usage: ticks * tick, online: lines.filter((line) => /^cpu\d/.test(line)).length };
}

/** Counters of a network interface, as seen from inside. */
export interface InterfaceCounters {
	readonly rxBytes: number;
	readonly rxPackets: number;
	readonly rxErrors: number;
	readonly rxDropped: number;
	readonly txBytes: number;
	readonly txPackets: number;
	readonly txErrors: number;
	readonly txDropped: number;
}

/**
 * The counters of all interfaces in a process's network namespace, the loopback's left out, by name.
 * None for a process that is in the host's own namespace, or gone.
 */
export async function readInterfaces(pid: number): Promise<ReadonlyMap<string, InterfaceCounters>> {
	const [theirs, ours] = await Promise.all([namespaceOf(String(pid)), namespaceOf('self')]);
	if (theirs === null || theirs === ours) return new Map();
	return parseInterfaces((await readText(`/proc/${pid}/net/dev`)) ?? '');
}

async function namespaceOf(process: string): Promise<string | null> {
	try {
		return await readlink(`/proc/${process}/ns/net`);
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		if (code === 'ENOENT' || code === 'ESRCH') return null;
		throw error;
	}
}

/** The table of /proc/net/dev: name, eight columns received, eight sent. */
export function parseInterfaces(text: string): ReadonlyMap<string, InterfaceCounters> {
	const found = new Map<string, InterfaceCounters>();
	for (const [, name = '', rest = ''] of text.matchAll(/^\s*([^\s:]+):\s*(\d[\d ]*)$/gm)) {
		if (name === 'lo') continue;
		const columns = rest.trim().split(/\s+/).map(Number);
		const column = (index: number) => columns[index] ?? 0;
		found.set(name, {
			...{ rxBytes: column(0), rxPackets: column(1), rxErrors: column(2), rxDropped: column(3) },
			...{ txBytes: column(8), txPackets: column(9), txErrors: column(10), txDropped: column(11) },
		});
	}
	return found;
}
