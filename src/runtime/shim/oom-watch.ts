import { closeSync, existsSync, type FSWatcher, openSync, watch, writeFileSync } from 'node:fs';
import { cgroupDirectories, oomKills } from '../../kernel/cgroup.ts';
import { makeEventFd } from '../../kernel/pipe.ts';

/**
 * Tells each time the kernel ends a process of a cgroup for want of memory; the kernel says so, nobody asks it.
 * Returns the way to stop. A cgroup without a memory controller is never heard of.
 */
export function watchOom(cgroupPath: string, told: () => void): () => void {
	for (const directory of cgroupDirectories(cgroupPath)) {
		if (existsSync(`${directory}/memory.oom_control`)) return watchEventFd(directory, told);
		if (existsSync(`${directory}/memory.events`)) return watchEvents(cgroupPath, `${directory}/memory.events`, told);
	}
	return () => undefined;
}

/** cgroup v1: an eventfd. It is told of the cgroup's removal too. */
function watchEventFd(directory: string, told: () => void): () => void {
	const control = openSync(`${directory}/memory.oom_control`, 'r');
	const events = makeEventFd();
	writeFileSync(`${directory}/cgroup.event_control`, `${events} ${control}`);
	closeSync(control);
	const reader = (Bun.file(events).stream() as ReadableStream<Uint8Array>).getReader();
	const read = async (): Promise<void> => {
		for (;;) {
			const { done } = await reader.read();
			if (done || !existsSync(directory)) return;
			told();
		}
	};
	// Only a cancelled read fails; then there is nothing more to tell.
	void read()
		.catch(() => undefined)
		.finally(() => closeSync(events));
	return () => void reader.cancel().catch(() => undefined);
}

/** cgroup v2: the file changes. */
function watchEvents(cgroupPath: string, file: string, told: () => void): () => void {
	let known = oomKills(cgroupPath);
	const watcher: FSWatcher = watch(file, () => {
		const kills = oomKills(cgroupPath);
		for (; known < kills; known++) told();
	});
	return () => watcher.close();
}
