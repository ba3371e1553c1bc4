/** MessagePack, as far as Fluentd's messages have it: for tests that play the server. */
type Value = string | number | Value[] | { [key: string]: Value };

/** All complete messages at the beginning of some bytes. */
export function unpackAll(bytes: Buffer): Value[] {
	const values: Value[] = [];
	const reader = { bytes, at: 0 };
	while (reader.at < bytes.length) values.push(unpack(reader));
	return values;
}

/** The answers that a server gives to messages which ask for one. */
export function acknowledge(bytes: Buffer): Buffer[] {
	return unpackAll(bytes).flatMap((message) => {
		const options = Array.isArray(message) ? message[3] : undefined;
		const chunk = typeof options === 'object' && !Array.isArray(options) ? options.chunk : undefined;
		if (typeof chunk !== 'string') return [];
		return [
			Buffer.concat([
				Buffer.from([0x81, 0xa3]),
				Buffer.from('ack'),
				Buffer.from([0xa0 | chunk.length]),
				Buffer.from(chunk),
			]),
		];
	});
}

function unpack(reader: { readonly bytes: Buffer; at: number }): Value {
	const { bytes } = reader;
	const code = bytes[reader.at++] ?? 0;
	const text = (length: number): string => {
		reader.at += length;
		return bytes.toString('utf8', reader.at - length, reader.at);
	};
	const number = (size: number): number => {
		reader.at += size;
		return bytes.readUIntBE(reader.at - size, size);
	};
	const list = (length: number): Value[] => Array.from({ length }, () => unpack(reader));
	const map = (length: number): Value =>
		Object.fromEntries(Array.from({ length }, () => [unpack(reader) as string, unpack(reader)] as const));
	if (code < 0x80) return code;
	if (code < 0x90) return map(code & 15);
	if (code < 0xa0) return list(code & 15);
	if (code < 0xc0) return text(code & 31);
	switch (code) {
		case 0xce:
			return number(4);
		case 0xd7:
			reader.at++;
			return number(4) + number(4) / 1e9;
		case 0xd9:
			return text(number(1));
		case 0xda:
			return text(number(2));
		case 0xdc:
			return list(number(2));
		case 0xde:
			return map(number(2));
		default:
			throw new Error(`MessagePack code ${code}`);
	}
}
