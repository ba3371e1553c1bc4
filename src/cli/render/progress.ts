import { humanSize } from './units.ts';

/** One message of a pull, push or load, as it comes over the wire. */
export interface ProgressMessage {
	readonly id?: string | undefined;
	readonly status?: string | undefined;
	readonly stream?: string | undefined;
	readonly progressDetail?: { readonly current?: number | undefined; readonly total?: number | undefined } | undefined;
}

/** Where progress goes. `columns` undefined: not a terminal. */
export interface ProgressTarget {
	write(text: string): unknown;
	readonly columns: number | undefined;
}

/** Shows progress messages. */
export interface ProgressView {
	show(message: ProgressMessage): void;
}

/**
 * On a terminal each id has a line of its own, rewritten in place; a message without an id ends the group.
 * Elsewhere every message is a line, and those with numbers are left out.
 */
export function createProgressView(target: ProgressTarget): ProgressView {
	return target.columns === undefined ? plainView(target) : terminalView(target, target.columns);
}

function plainView(target: ProgressTarget): ProgressView {
	return {
		show(message) {
			if (message.stream !== undefined && message.stream !== '') target.write(message.stream);
			else if (amounts(message) === '' && message.status !== undefined) target.write(`${label(message)}\n`);
		},
	};
}

function terminalView(target: ProgressTarget, columns: number): ProgressView {
	let lines = new Map<string, number>();
	return {
		show(message) {
			if (message.stream !== undefined && message.stream !== '') {
				lines = new Map();
				target.write(message.stream);
				return;
			}
			const { id } = message;
			if (id === undefined || id === '' || message.progressDetail === undefined) {
				lines = new Map();
				if (message.status !== undefined) target.write(`${label(message)}\n`);
				return;
			}
			const known = lines.get(id);
			const line = known ?? lines.size;
			if (known === undefined) {
				lines.set(id, line);
				target.write('\n');
			}
			const up = lines.size - line;
			const text = [label(message), bar(message, columns)].filter((part) => part !== '').join(' ');
			target.write(`\x1b[${up}A\x1b[2K\r${clip(text, columns)}\r\x1b[${up}B`);
		},
	};
}

/** A line that is wider than the terminal would break the counting of lines. */
function clip(text: string, columns: number): string {
	return columns > 0 ? text.slice(0, columns) : text;
}

function label(message: ProgressMessage): string {
	const prefix = message.id === undefined || message.id === '' ? '' : `${message.id}: `;
	return prefix + (message.status ?? '');
}

/** `3.146MB/10.49MB`; `''` without numbers. */
function amounts(message: ProgressMessage): string {
	const { current = 0, total = 0 } = message.progressDetail ?? {};
	if (current <= 0 && total <= 0) return '';
	const done = humanSize(current, 4).padStart(8);
	return total <= 0 || current > total ? done : `${done}/${humanSize(total, 4)}`;
}

/** The bar, with the numbers behind it. Narrow terminals get a shorter bar or none. */
function bar(message: ProgressMessage, columns: number): string {
	const numbers = amounts(message);
	const { current = 0, total = 0 } = message.progressDetail ?? {};
	if (numbers === '' || total <= 0) return numbers;
	const width = columns > 110 ? 50 : columns - label(message).length - numbers.length - 6;
	if (width < 10) return numbers;
	const filled = Math.min(width, Math.floor((current / total) * width));
	const body = filled >= width ? '='.repeat(width) : `${'='.repeat(filled)}>`.padEnd(width);
	return `[${body}] ${numbers}`;
}
