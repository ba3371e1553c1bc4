import { createInterface } from 'node:readline';
import { codeOf, messageOf } from '../../../errors.ts';
import { dieWithParent } from '../../../kernel/parent-death.ts';
import { diskUsage } from '../disk-usage.ts';
import type { Measured } from './protocol.ts';

/** The role `measure`: a folder per line of standard input (a JSON string), its bytes per line of standard output; ends with its input. */
export async function runMeasure(): Promise<void> {
	dieWithParent();
	for await (const line of createInterface({ input: process.stdin })) {
		const answer = await measure(JSON.parse(line) as string);
		await Bun.write(Bun.stdout, `${JSON.stringify(answer)}\n`);
	}
}

async function measure(folder: string): Promise<Measured> {
	try {
		return { kind: 'size', folder, bytes: await diskUsage(folder) };
	} catch (error) {
		return { kind: 'failed', folder, code: codeOf(error), message: messageOf(error) };
	}
}
