import { wrap } from '../../errors.ts';
import type { Collection } from '../records/records.ts';
import type { LayerRecord } from './types.ts';

/** Brings unpacked layers to the disk behind the back of those who wait for them. */
export interface WriteBack {
	/** Call after a layer was recorded with the boot id of now: its record loses it when the layer is on the disk. */
	schedule(): void;
	/** Gives up; what is not on the disk yet keeps its mark. */
	close(): Promise<void>;
}

export interface WriteBackOptions {
	readonly folder: string;
	readonly records: Collection<LayerRecord>;
	/** See SnapshotStoreOptions. */
	readonly unpackCommand: readonly string[];
	readonly onError: (error: unknown) => void;
}

/** One syncfs at a time, in a process of its own since it blocks for as long as the disk likes. */
export function createWriteBack({ folder, records, unpackCommand, onError }: WriteBackOptions): WriteBack {
	const controller = new AbortController();
	let running: Promise<void> | undefined;
	let again = false;

	const sync = async (): Promise<void> => {
		const covered = records.list().filter((record) => record.unsyncedSince !== undefined);
		if (covered.length === 0) return;
		const child = Bun.spawn([...unpackCommand, '--sync', folder], {
			stdio: ['ignore', 'ignore', 'ignore'],
			signal: controller.signal,
			killSignal: 'SIGKILL',
		});
		if ((await child.exited) !== 0) {
			if (controller.signal.aborted) return;
			throw new Error(`the syncing process ended with ${child.exitCode ?? child.signalCode}`);
		}
		for (const { chainId } of covered) {
			const now = records.get(chainId);
			if (now === undefined) continue;
			const { unsyncedSince: _, ...synced } = now;
			records.put(chainId, synced);
		}
	};

	const loop = async (): Promise<void> => {
		do {
			again = false;
			await sync();
		} while (again && !controller.signal.aborted);
	};

	return {
		schedule() {
			again = true;
			running ??= loop()
				.catch((error: unknown) => onError(wrap(error, 'write layers back to', folder)))
				.finally(() => {
					running = undefined;
				});
		},
		async close() {
			controller.abort();
			await running;
		},
	};
}
