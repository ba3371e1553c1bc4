import { EngineError } from '../../errors.ts';

const programs: Readonly<Record<string, readonly string[]>> = {
	'425a68': ['bzip2', '-dc'],
	// A small archive can ask for gigabytes to be unpacked with.
	fd377a585a00: ['xz', '-dc', '--memlimit-decompress=512MiB'],
};

/** A stream as it is, or what its bzip2 or xz form contains, told apart by the first bytes. @throws `invalid_argument`. */
export async function* unpackedByProgram(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
	const iterator = stream[Symbol.asyncIterator]();
	let head = Buffer.alloc(0);
	while (head.length < 6) {
		const next = await iterator.next();
		if (next.done === true) break;
		head = Buffer.concat([head, next.value]);
	}
	async function* whole(): AsyncGenerator<Uint8Array> {
		if (head.length > 0) yield head;
		for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
	}
	const magic = head.toString('hex', 0, 6);
	const program = programs[magic.slice(0, 6)] ?? programs[magic];
	if (program === undefined) yield* whole();
	else yield* through(program, whole());
}

async function* through(program: readonly string[], stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
	const child = Bun.spawn([...program], { stdin: 'pipe', stdout: 'pipe', stderr: 'pipe' });
	const message = new Response(child.stderr).text();
	let failure: { readonly error: unknown } | undefined;
	const feeding = feed(child, stream).catch((error: unknown) => {
		failure = { error };
		child.kill('SIGKILL');
	});
	try {
		for await (const chunk of child.stdout) yield chunk;
		const code = await child.exited;
		await feeding;
		if (failure !== undefined) throw failure.error;
		if (code !== 0) {
			throw new EngineError('invalid_argument', `invalid compressed archive: ${(await message).trim()}`);
		}
	} finally {
		child.kill('SIGKILL');
		await child.exited;
	}
}

/** What a process whose standard input is fed must have. */
interface Fed {
	readonly stdin: Bun.FileSink;
	readonly exited: Promise<number>;
}

/** Writes a stream to a process, at its pace; one that reads no more is no failure: its end says why. */
export async function feed(child: Fed, stream: AsyncIterable<Uint8Array>): Promise<void> {
	let ended = false;
	const end = child.exited.then(() => {
		ended = true;
	});
	try {
		for await (const chunk of stream) {
			if (ended) break;
			child.stdin.write(chunk);
			await Promise.race([child.stdin.flush(), end]);
		}
		await Promise.race([child.stdin.end(), end]);
	} catch (error) {
		const code = error instanceof Error && 'code' in error ? error.code : '';
		if (code !== 'EPIPE' && code !== 'ECONNRESET') throw error;
	}
}
