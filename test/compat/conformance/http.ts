import { connect } from 'node:net';

/** What came back. */
export interface Answer {
	readonly status: number;
	readonly headers: Headers;
	readonly bytes: Uint8Array;
	readonly text: string;
}

/** What is asked, beside method and path. */
export interface Asked {
	readonly query?: Readonly<Record<string, string | number | boolean | object>>;
	/** JSON, or bytes as they are. */
	readonly body?: unknown;
	readonly headers?: Readonly<Record<string, string>>;
	/** Ends the answer when this is in it: for streams without an end. */
	readonly until?: string;
	/** Asks for an upgrade and sends this to the stream, which is then half closed. */
	readonly hijack?: string;
}

const deadline = 20_000;

/** The target with its query; objects become JSON. */
export function targetOf(path: string, query: Asked['query'] = {}): string {
	const words = new URLSearchParams();
	for (const [name, value] of Object.entries(query)) {
		words.set(name, typeof value === 'object' ? JSON.stringify(value) : String(value));
	}
	const text = words.toString();
	return text === '' ? path : `${path}?${text}`;
}

/** One request over a unix socket. @throws after 20 s. */
export async function ask(socket: string, method: string, target: string, asked: Asked = {}): Promise<Answer> {
	if (asked.hijack !== undefined) return hijack(socket, method, target, asked);
	const { body } = asked;
	const raw = body instanceof Uint8Array;
	const stop = new AbortController();
	const response = await fetch(`http://localhost${target}`, {
		method,
		unix: socket,
		signal: AbortSignal.any([stop.signal, AbortSignal.timeout(deadline)]),
		headers: { ...(body === undefined || raw ? {} : { 'content-type': 'application/json' }), ...asked.headers },
		...(body === undefined ? {} : { body: raw ? (body as Uint8Array<ArrayBuffer>) : JSON.stringify(body) }),
	});
	const chunks: Uint8Array[] = [];
	for await (const chunk of response.body ?? []) {
		chunks.push(chunk);
		if (asked.until !== undefined && Buffer.concat(chunks).includes(asked.until)) break;
	}
	if (asked.until !== undefined) stop.abort();
	const bytes = Buffer.concat(chunks);
	return { status: response.status, headers: response.headers, bytes, text: bytes.toString() };
}

/** A request that takes the connection over, read to its end (or to `until`). */
function hijack(socket: string, method: string, target: string, asked: Asked): Promise<Answer> {
	const body = asked.body === undefined ? '' : JSON.stringify(asked.body);
	const headers = {
		Host: 'localhost',
		Connection: 'Upgrade',
		Upgrade: 'tcp',
		'Content-Type': 'application/json',
		'Content-Length': String(Buffer.byteLength(body)),
		...asked.headers,
	};
	const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
	return new Promise((resolve, reject) => {
		const connection = connect(socket);
		const chunks: Uint8Array[] = [];
		const timer = setTimeout(() => connection.destroy(new Error(`${method} ${target}: no end`)), deadline);
		const finish = () => {
			clearTimeout(timer);
			connection.destroy();
			resolve(parse(Buffer.concat(chunks)));
		};
		connection.on('connect', () => connection.write(`${method} ${target} HTTP/1.1\r\n${head.join('')}\r\n${body}`));
		connection.on('data', (chunk: Buffer) => {
			if (chunks.length === 0 && asked.hijack !== '') connection.write(asked.hijack ?? '');
			chunks.push(chunk);
			if (asked.until !== undefined && Buffer.concat(chunks).includes(asked.until)) finish();
		});
		connection.on('end', finish);
		connection.on('error', (error) => {
			clearTimeout(timer);
			reject(error);
		});
	});
}

function parse(all: Buffer): Answer {
	const split = all.indexOf('\r\n\r\n');
	const [first = '', ...lines] = all.subarray(0, split).toString().split('\r\n');
	const headers = new Headers();
	for (const line of lines) headers.append(line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim());
	const bytes = all.subarray(split + 4);
	return { status: Number(first.split(' ')[1]), headers, bytes, text: bytes.toString() };
}
