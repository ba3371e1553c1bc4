import { join } from 'node:path';
import type { Records } from '../store/records/records.ts';
import { openSnapshotStore } from '../store/snapshots/store.ts';
import type { LayerRecord, SnapshotRecord } from '../store/snapshots/types.ts';
import type { Measurer } from '../store/snapshots/usage/measurer.ts';
import { roleCommand } from './role-command.ts';

/** Opens the store of layers and containers' roots. */
export function openSnapshots(
	records: Records,
	dataRoot: string,
	measurer: Measurer,
	report: (doing: string, error: unknown) => void,
) {
	return openSnapshotStore({
		root: join(dataRoot, 'snapshots'),
		layerRecords: records.collection<LayerRecord>('layers'),
		// Made before, and deleted after, a change of the container's record that the disk has: that takes these with it.
		snapshotRecords: records.collection<SnapshotRecord>('snapshots', 'process'),
		unpackCommand: roleCommand('unpack-layer'),
		measure: measurer.measure,
		onError: (error) => report('delete a snapshot', error),
	});
}
