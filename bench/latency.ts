import { join } from 'node:path';
import type { BenchEngine } from './engines.ts';

/** The 99th percentile, in milliseconds, of the pings that the engine answers while the action goes on. */
export async function pingWhile(engine: BenchEngine, action: () => Promise<unknown>): Promise<number> {
	const child = Bun.spawn([process.execPath, join(import.meta.dir, 'ping.ts'), engine.socket], {
		stdin: 'pipe',
		stdout: 'pipe',
		stderr: 'inherit',
	});
	try {
		await action();
	} finally {
		child.stdin.end();
	}
	const latencies = (JSON.parse(await new Response(child.stdout).text()) as number[]).sort((a, b) => a - b);
	await child.exited;
	return latencies[Math.floor(latencies.length * 0.99)] ?? Number.NaN;
}
