import { significant } from '../../lib/template/printf.ts';

const decimal = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB', 'ZB', 'YB'];
const binary = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB', 'ZiB', 'YiB'];

function scaled(bytes: number, base: number, units: readonly string[], digits: number): string {
	let value = bytes;
	let step = 0;
	while (value >= base && step < units.length - 1) {
		value /= base;
		step++;
	}
	return significant(value, digits) + units[step];
}

/** Bytes in powers of 1000: `1.23MB`. Lists use 3 digits, progress and stats 4. */
export function humanSize(bytes: number, digits = 3): string {
	return scaled(bytes, 1000, decimal, digits);
}

/** Bytes in powers of 1024: `7.664GiB`. */
export function binarySize(bytes: number): string {
	return scaled(bytes, 1024, binary, 4);
}

/** How long, in words: `Less than a second` … `About an hour`, `2 weeks`, `3 years`. */
export function humanDuration(milliseconds: number): string {
	const seconds = Math.trunc(milliseconds / 1000);
	if (seconds < 1) return 'Less than a second';
	if (seconds === 1) return '1 second';
	if (seconds < 60) return `${seconds} seconds`;
	const minutes = Math.trunc(seconds / 60);
	if (minutes === 1) return 'About a minute';
	if (minutes < 60) return `${minutes} minutes`;
	const hours = Math.trunc(milliseconds / 3_600_000 + 0.5);
	if (hours === 1) return 'About an hour';
	if (hours < 48) return `${hours} hours`;
	const days = Math.trunc(hours / 24);
	if (hours < 24 * 14) return `${days} days`;
	if (hours < 24 * 60) return `${Math.trunc(hours / 24 / 7)} weeks`;
	if (hours < 24 * 365 * 2) return `${Math.trunc(hours / 24 / 30)} months`;
	return `${Math.trunc(milliseconds / 3_600_000 / 24 / 365)} years`;
}

/** At most `length` characters, the last one `…` when something was cut. */
export function ellipsis(text: string, length: number): string {
	const chars = [...text];
	if (chars.length <= length) return text;
	return length <= 1 ? chars.slice(0, length).join('') : `${chars.slice(0, length - 1).join('')}…`;
}

/** Twelve hex digits of an id, its algorithm dropped. */
export function shortId(id: string): string {
	return id.slice(id.indexOf(':') + 1).slice(0, 12);
}
