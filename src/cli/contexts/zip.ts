import { inflateRawSync } from 'node:zlib';
import { EngineError } from '../../errors.ts';
import { type ArchiveFile, maxArchive, tooLong } from './archive.ts';

const endMark = 0x06054b50;
const directoryMark = 0x02014b50;
const localMark = 0x04034b50;
const maxEntries = 64;

/** The plain files of a zip in memory: stored or deflated, without encryption and ZIP64. @throws EngineError `corrupt` */
export function* readZip(bytes: Uint8Array): Generator<ArchiveFile> {
	const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const end = view.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
	if (end < 0 || end + 22 > view.length || view.readUInt32LE(end) !== endMark) throw broken('not a valid zip file');
	const count = view.readUInt16LE(end + 10);
	if (count > maxEntries) throw broken(`more than ${maxEntries} entries`);
	let left = maxArchive;
	for (let index = 0, at = view.readUInt32LE(end + 16); index < count; index++) {
		if (at + 46 > view.length || view.readUInt32LE(at) !== directoryMark) throw broken('not a valid zip file');
		const nameLength = view.readUInt16LE(at + 28);
		const name = view.toString('utf8', at + 46, at + 46 + nameLength);
		if (!name.endsWith('/')) {
			const file = readFile(view, at, name, left);
			left -= file.length;
			yield { name, bytes: file };
		}
		at += 46 + nameLength + view.readUInt16LE(at + 30) + view.readUInt16LE(at + 32);
	}
}

function readFile(view: Buffer, at: number, name: string, most: number): Uint8Array {
	if ((view.readUInt16LE(at + 8) & 1) !== 0) throw broken(`${name} is encrypted`);
	// The upper half holds the Unix mode: only a plain file, or no mode at all, is taken.
	const kind = (view.readUInt32LE(at + 38) >>> 16) & 0o170000;
	if (kind !== 0 && kind !== 0o100000) throw broken(`${name} is not a plain file`);
	const method = view.readUInt16LE(at + 10);
	const packed = view.readUInt32LE(at + 20);
	const size = view.readUInt32LE(at + 24);
	const local = view.readUInt32LE(at + 42);
	if (size > most) throw tooLong();
	if (local + 30 > view.length || view.readUInt32LE(local) !== localMark) throw broken('not a valid zip file');
	const from = local + 30 + view.readUInt16LE(local + 26) + view.readUInt16LE(local + 28);
	if (from + packed > view.length) throw broken('unexpected EOF');
	const body = unpack(view.subarray(from, from + packed), method, size, name);
	if (body.length !== size) throw broken(`${name} has another size than the zip says`);
	return body;
}

function unpack(data: Uint8Array, method: number, size: number, name: string): Uint8Array {
	if (method === 0) return data;
	if (method !== 8) throw broken(`${name} has an unknown compression`);
	try {
		return inflateRawSync(data, { maxOutputLength: Math.max(1, size) });
	} catch (error) {
		throw new EngineError('corrupt', `zip: ${name} cannot be unpacked`, { cause: error });
	}
}

function broken(why: string): EngineError {
	return new EngineError('corrupt', `zip: ${why}`);
}
