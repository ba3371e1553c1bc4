import { readFileSync } from 'node:fs';

/** Sorted middle of the numbers. */
export function median(values: readonly number[]): number {
	const sorted = [...values].sort((a, b) => a - b);
	const middle = sorted.length >> 1;
	const upper = sorted[middle] ?? Number.NaN;
	return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Milliseconds that it takes. */
export async function timed(action: () => Promise<unknown>): Promise<number> {
	const before = performance.now();
	await action();
	return performance.now() - before;
}

/** Memory of a process in MiB: `pss` shares shared pages out, `private` counts only its own. */
export function memoryOf(pid: number): { readonly pss: number; readonly private: number } {
	const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
	const kibibytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0);
	return { pss: kibibytes('Pss') / 1024, private: (kibibytes('Private_Clean') + kibibytes('Private_Dirty')) / 1024 };
}

/** Results of one measure: engine → values. */
export type Samples = Map<string, number[]>;

/** A table of medians, each with its ratio to the reference engine. */
export function formatTable(
	rows: readonly { readonly name: string; readonly unit: string; readonly samples: Samples }[],
	engines: readonly string[],
	reference: string,
): string {
	const lines = [['', 'unit', ...engines]];
	for (const { name, unit, samples } of rows) {
		const base = median(samples.get(reference) ?? []);
		const cells = engines.map((engine) => {
			const values = samples.get(engine);
			if (values === undefined || values.length === 0) return '–';
			const value = median(values);
			const ratio = engine === reference || Number.isNaN(base) ? '' : ` (${(value / base).toFixed(2)}×)`;
			return `${value >= 100 ? value.toFixed(0) : value.toFixed(1)}${ratio}`;
		});
		lines.push([name, unit, ...cells]);
	}
	const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)));
	return lines
		.map((cells) =>
			cells
				.map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
				.join('  '),
		)
		.join('\n');
}
