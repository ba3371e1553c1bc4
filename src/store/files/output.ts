import { writeAll } from '../../kernel/fs.ts';

const size = 256 * 1024;

/** Standard output, in large pieces. Blocks while the reader is slow: that is the back-pressure. */
export interface Output {
	write(bytes: Uint8Array): void;
	/** Sends what is kept back. */
	flush(): void;
}

export function openOutput(fd = 1): Output {
	const buffer = Buffer.allocUnsafeSlow(size);
	let filled = 0;
	const flush = (): void => {
		const bytes = buffer.subarray(0, filled);
		filled = 0;
		writeAll(fd, bytes);
	};
	return {
		flush,
		write(bytes) {
			if (filled + bytes.length > size) flush();
			if (bytes.length >= size) writeAll(fd, bytes);
			else {
				buffer.set(bytes, filled);
				filled += bytes.length;
			}
		},
	};
}
