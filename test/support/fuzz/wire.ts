import { connect } from 'node:net';

/** What a server said to raw bytes. `status` null: it closed the connection without a word. */
export interface RawAnswer {
	readonly status: number | null;
	readonly contentType: string;
	readonly body: string;
}

/** A request by its parts, for whoever does not want to write all of its bytes. */
export function requestBytes(
	method: string,
	target: string,
	body: string | Uint8Array = '',
	headers: Readonly<Record<string, string>> = {},
): Buffer {
	const bytes = Buffer.from(body as string);
	const all = { Host: 'x', 'Content-Type': 'application/json', 'Content-Length': String(bytes.length), ...headers };
	const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
	return Buffer.concat([Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1'), bytes]);
}

/**
 * Sends bytes and reads the answer: all of a refusal, the head alone of anything else, as that may be a stream without end.
 * `half` closes our side after the bytes. @throws when there is no answer within the deadline.
 */
export function sendRaw(socket: string, bytes: Uint8Array, deadline: number, half = false): Promise<RawAnswer> {
	return new Promise((resolve, reject) => {
		const bodiless = Buffer.from(bytes.subarray(0, 5)).toString() === 'HEAD ';
		let received = Buffer.alloc(0);
		const connection = connect(socket);
		const timer = setTimeout(() => finish(new Error(`no answer within ${deadline} ms`)), deadline);
		const finish = (result: RawAnswer | Error) => {
			clearTimeout(timer);
			connection.destroy();
			if (result instanceof Error) reject(result);
			else resolve(result);
		};
		connection.on('connect', () => {
			if (half) connection.end(bytes);
			else connection.write(bytes);
		});
		connection.on('data', (chunk: Buffer) => {
			received = Buffer.concat([received, chunk]);
			const answer = answerIn(received, bodiless);
			if (answer !== null) finish(answer);
		});
		connection.on('end', () => finish(answerIn(received, true) ?? { status: null, contentType: '', body: '' }));
		// The server may answer and close before it has read all of a body; what it said before that counts.
		connection.on('error', () => finish(answerIn(received, true) ?? { status: null, contentType: '', body: '' }));
	});
}

function answerIn(received: Buffer, ended = false): RawAnswer | null {
	const split = received.indexOf('\r\n\r\n');
	if (split < 0) return null;
	const head = received.subarray(0, split).toString('latin1');
	const status = Number(head.split(' ')[1]);
	const contentType = /^content-type: ([^\r;]*)/im.exec(head)?.[1] ?? '';
	const body = received.subarray(split + 4);
	const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? Number.NaN);
	if (status >= 400 && !ended && !(body.length >= length)) return null;
	return { status, contentType, body: body.toString() };
}
