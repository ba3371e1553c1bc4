import type { Progress } from '../../../engine/images/service.ts';
import { errorResponse } from '../errors.ts';
import type { Exchange } from '../exchange.ts';

const units = ['B', 'kB', 'MB', 'GB', 'TB'];

/** Bytes as Docker prints them: four significant digits, powers of 1000. */
export function humanSize(bytes: number): string {
	let value = bytes;
	let unit = 0;
	while (value >= 1000 && unit < units.length - 1) {
		value /= 1000;
		unit++;
	}
	return `${Number(value.toPrecision(4))}${units[unit]}`;
}

/** The bar that old clients print as it is. */
function bar(current: number, total: number | undefined): string {
	if (total === undefined || total <= 0) return humanSize(current);
	const filled = Math.min(50, Math.floor((current / total) * 50));
	const rest = filled < 50 ? `>${' '.repeat(49 - filled)}` : '';
	return `[${'='.repeat(filled)}${rest}]  ${humanSize(current)}/${humanSize(total)}`;
}

/** One line of the jsonmessage stream. */
export function progressMessage(progress: Progress): Record<string, unknown> {
	if (progress.kind === 'stream') return { stream: progress.text };
	const id = progress.id === undefined ? {} : { id: progress.id };
	if (progress.kind === 'status') return { status: progress.text, ...id };
	if (progress.current === undefined) return { status: progress.text, progressDetail: {}, ...id };
	return {
		status: progress.text,
		progressDetail: {
			current: progress.current,
			...(progress.total === undefined ? {} : { total: progress.total }),
		},
		progress: bar(progress.current, progress.total),
		...id,
	};
}

/**
 * Sends progress as it comes. An error before the first line is an ordinary error answer; later it is the last line.
 */
export async function sendProgress(exchange: Exchange, lines: AsyncIterable<Progress>): Promise<void> {
	const { responder } = exchange;
	const start = () => responder.start(200, { 'Content-Type': 'application/json' }, null);
	try {
		for await (const line of lines) {
			if (!responder.started) start();
			await responder.write(`${JSON.stringify(progressMessage(line))}\r\n`);
		}
		if (!responder.started) start();
	} catch (error) {
		if (!responder.started || exchange.signal.aborted) throw error;
		const { message } = errorResponse(error);
		await responder.write(`${JSON.stringify({ errorDetail: { message }, error: message })}\r\n`);
	}
	responder.end();
}
