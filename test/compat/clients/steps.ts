/** Operations of the API that the engine under test does not serve: `METHOD /path`, by comma. */
const missing = new Set((process.env.NOT_SERVED ?? '').split(',').filter((one) => one !== ''));

/** A name of this run and the client's own objects. */
export const image = process.env.TEST_IMAGE ?? '';
/** An image in a registry on loopback. */
export const remoteImage = process.env.TEST_REMOTE_IMAGE ?? '';
/** A directory of the test's. */
export const work = process.env.TEST_WORK ?? '';

interface Step {
	readonly name: string;
	readonly needs: readonly string[];
	readonly act: () => Promise<void>;
}

const steps: Step[] = [];

/** A step of the scenario. `needs`: operations without which it is left out. */
export function step(name: string, act: () => Promise<void>, needs: readonly string[] = []): void {
	steps.push({ name, act, needs });
}

/** Fails with what was found. */
export function equal(actual: unknown, expected: unknown): void {
	if (JSON.stringify(actual) !== JSON.stringify(expected)) {
		throw new Error(`expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`);
	}
}

/** Fails unless the text has this. */
export function contains(text: string, part: string): void {
	if (!text.includes(part)) throw new Error(`no ${JSON.stringify(part)} in ${JSON.stringify(text.slice(0, 2000))}`);
}

/** All that a stream gives. */
export async function textOf(stream: AsyncIterable<unknown>): Promise<string> {
	const chunks: Buffer[] = [];
	for await (const chunk of stream) chunks.push(Buffer.from(chunk as Buffer));
	return Buffer.concat(chunks).toString();
}

/** Runs the steps in their order, says how each ended, and ends the process. */
export async function runSteps(): Promise<never> {
	let failed = 0;
	for (const { name, act, needs } of steps) {
		const without = needs.filter((need) => missing.has(need));
		if (without.length > 0) {
			console.log(`left out: ${name} (${without.join(', ')})`);
			continue;
		}
		const start = Date.now();
		let timer: NodeJS.Timeout | undefined;
		const late = new Promise((_, reject) => {
			timer = setTimeout(() => reject(new Error('not done after 20 s')), 20_000);
		});
		try {
			await Promise.race([act(), late]);
			console.log(`done: ${name} (${Date.now() - start} ms)`);
		} catch (error) {
			failed++;
			console.log(`failed: ${name}: ${error instanceof Error ? error.stack : String(error)}`);
		} finally {
			clearTimeout(timer);
		}
	}
	console.log('all steps');
	process.exit(failed === 0 ? 0 : 1);
}
