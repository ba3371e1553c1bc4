/** Bytes of a probe's output that are kept. */
const maxOutput = 4096;
const headerLength = 8;

/** The first bytes of a process's output, taken from Docker's stdcopy frames that may be cut anywhere. */
export class BoundedOutput {
	private readonly kept = Buffer.alloc(maxOutput);
	private size = 0;
	private truncated = false;
	private readonly header = Buffer.alloc(headerLength);
	private headerSize = 0;
	/** Bytes of the frame at hand that are still to come. */
	private rest = 0;

	push(chunk: Uint8Array): void {
		for (let at = 0; at < chunk.length; ) {
			if (this.rest === 0) {
				const part = chunk.subarray(at, at + headerLength - this.headerSize);
				this.header.set(part, this.headerSize);
				this.headerSize += part.length;
				at += part.length;
				if (this.headerSize < headerLength) return;
				this.headerSize = 0;
				this.rest = this.header.readUInt32BE(4);
				continue;
			}
			const part = chunk.subarray(at, at + this.rest);
			this.keep(part);
			this.rest -= part.length;
			at += part.length;
		}
	}

	/** What was kept, with dots where there was more. */
	text(): string {
		return this.kept.toString('utf8', 0, this.size) + (this.truncated ? '...' : '');
	}

	private keep(part: Uint8Array): void {
		const fits = part.subarray(0, maxOutput - this.size);
		this.kept.set(fits, this.size);
		this.size += fits.length;
		if (fits.length < part.length) this.truncated = true;
	}
}
