/** What an entry is. `hardlink`: `linkName` names an earlier entry. */
export type TarEntryType = 'file' | 'directory' | 'symlink' | 'hardlink' | 'character-device' | 'block-device' | 'fifo';

/** One entry of a tar, extensions (PAX, GNU) already applied. Names are raw: not cleaned, not trusted. */
export interface TarHeader {
	readonly name: string;
	readonly type: TarEntryType;
	readonly linkName: string;
	/** Bytes of the body. */
	readonly size: number;
	/** Permission bits incl. setuid, setgid, sticky. */
	readonly mode: number;
	readonly uid: number;
	readonly gid: number;
	/** Nanoseconds since the epoch. */
	readonly mtime: bigint;
	readonly deviceMajor: number;
	readonly deviceMinor: number;
	/** By name, e.g. `security.capability`. */
	readonly xattrs: ReadonlyMap<string, Uint8Array>;
}

export interface TarLimits {
	/** Bytes of a name or link name. */
	readonly maxNameBytes: number;
	/** Bytes of one PAX header or GNU long name. */
	readonly maxExtensionBytes: number;
	readonly maxEntries: number;
}

export const defaultTarLimits: TarLimits = {
	maxNameBytes: 4096,
	maxExtensionBytes: 1024 * 1024,
	maxEntries: 1_000_000,
};
