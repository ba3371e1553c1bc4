import { EngineError } from '../../errors.ts';
import { type Extensions, type NameEncoding, readHeader, verifyBlock } from './header.ts';
import { readNumber } from './numbers.ts';
import { readPax } from './pax.ts';
import { defaultTarLimits, type TarHeader, type TarLimits } from './types.ts';

/** What a parser tells, in the order of the tar: `entry`, its `data` in pieces, `end`. Pieces are valid only during the call. */
export interface TarSink {
	entry(header: TarHeader): unknown;
	data(bytes: Uint8Array): unknown;
	end(): unknown;
}

/** A synchronous tar parser: bytes in, calls out. */
export interface TarParser {
	/** @throws `corrupt`, `unsupported`, and what the sink throws. */
	push(chunk: Uint8Array): void;
	/** After the last chunk. @throws `corrupt` when the tar stops in the middle of something. */
	finish(): void;
}

type State =
	| { readonly at: 'header' }
	| { readonly at: 'body'; left: number; readonly padding: number }
	| { readonly at: 'extension'; readonly flag: string; readonly body: Buffer; filled: number; readonly padding: number }
	| { readonly at: 'padding'; left: number }
	| { readonly at: 'end' };

const header: State = { at: 'header' };
const paddingOf = (size: number): number => (512 - (size % 512)) % 512;
const isZero = (block: Buffer): boolean => block.readUInt32LE(0) === 0 && block.every((byte) => byte === 0);

/** Parses ustar, GNU and PAX. `names`: see {@link NameEncoding}. */
export function createTarParser(
	sink: TarSink,
	options: { readonly limits?: Partial<TarLimits>; readonly names?: NameEncoding } = {},
): TarParser {
	const limits = { ...defaultTarLimits, ...options.limits };
	const names = options.names ?? 'utf8';
	const partial = Buffer.alloc(512);
	let partialLength = 0;
	let state: State = header;
	let extensions: Extensions = { pax: undefined, longName: undefined, longLink: undefined };
	let entries = 0;
	let zeroBlocks = 0;

	const afterBody = (padding: number): State => (padding > 0 ? { at: 'padding', left: padding } : header);

	const takeExtension = (flag: string, body: Buffer): void => {
		if (flag === 'x') extensions.pax = readPax(body);
		else if (flag === 'L') extensions.longName = body;
		else if (flag === 'K') extensions.longLink = body;
	};

	const startExtension = (flag: string, block: Buffer): State => {
		const size = readNumber(block, 124, 12, 'size');
		if (size < 0 || size > limits.maxExtensionBytes) {
			throw new EngineError('corrupt', `tar: an extended header of ${size} bytes is too long`);
		}
		const body = Buffer.alloc(size);
		if (size > 0) return { at: 'extension', flag, body, filled: 0, padding: paddingOf(size) };
		takeExtension(flag, body);
		return header;
	};

	const takeBlock = (block: Buffer): State => {
		if (isZero(block)) return ++zeroBlocks === 2 ? { at: 'end' } : header;
		if (zeroBlocks > 0) throw new EngineError('corrupt', 'tar: a header after the end mark');
		verifyBlock(block);
		if (++entries > limits.maxEntries) throw new EngineError('corrupt', `tar: more than ${limits.maxEntries} entries`);
		const flag = String.fromCharCode(block[156] ?? 0);
		if (flag === 'x' || flag === 'g' || flag === 'L' || flag === 'K') return startExtension(flag, block);
		const entry = readHeader(block, extensions, names, limits);
		extensions = { pax: undefined, longName: undefined, longLink: undefined };
		sink.entry(entry);
		if (entry.size > 0) return { at: 'body', left: entry.size, padding: paddingOf(entry.size) };
		sink.end();
		return header;
	};

	/** Handles bytes from `offset` on; returns how many it took. */
	const step = (chunk: Buffer, offset: number): number => {
		const available = chunk.length - offset;
		switch (state.at) {
			case 'header': {
				if (partialLength === 0 && available >= 512) {
					state = takeBlock(chunk.subarray(offset, offset + 512));
					return 512;
				}
				const taken = Math.min(512 - partialLength, available);
				chunk.copy(partial, partialLength, offset, offset + taken);
				partialLength += taken;
				if (partialLength === 512) {
					partialLength = 0;
					state = takeBlock(partial);
				}
				return taken;
			}
			case 'body': {
				const taken = Math.min(state.left, available);
				sink.data(chunk.subarray(offset, offset + taken));
				state.left -= taken;
				if (state.left === 0) {
					sink.end();
					state = afterBody(state.padding);
				}
				return taken;
			}
			case 'extension': {
				const taken = Math.min(state.body.length - state.filled, available);
				chunk.copy(state.body, state.filled, offset, offset + taken);
				state.filled += taken;
				if (state.filled === state.body.length) {
					takeExtension(state.flag, state.body);
					state = afterBody(state.padding);
				}
				return taken;
			}
			case 'padding': {
				const taken = Math.min(state.left, available);
				state.left -= taken;
				if (state.left === 0) state = header;
				return taken;
			}
			case 'end':
				return available;
		}
	};

	return {
		push(chunk) {
			const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
			for (let offset = 0; offset < bytes.length; ) offset += step(bytes, offset);
		},
		finish() {
			const dangling = extensions.pax ?? extensions.longName ?? extensions.longLink;
			const whole = state.at === 'end' || (state.at === 'header' && partialLength === 0 && dangling === undefined);
			if (!whole || (entries === 0 && zeroBlocks === 0)) throw new EngineError('corrupt', 'unexpected end of tar');
		},
	};
}
