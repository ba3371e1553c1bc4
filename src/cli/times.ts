import { EngineError } from '../errors.ts';
import { parseDuration } from './options/numbers.ts';

/** A time in our zone as Go prints it: `2024-05-01 10:00:00 +0000 UTC`. */
export function goTime(milliseconds: number): string {
	const date = new Date(milliseconds);
	const offset = -date.getTimezoneOffset();
	const shifted = new Date(milliseconds + offset * 60_000).toISOString();
	const zone = offsetText(offset, '');
	return `${shifted.slice(0, 10)} ${shifted.slice(11, 19)} ${zone} ${zoneName(date, zone)}`;
}

/** A time in our zone, RFC 3339 without fraction: `2024-05-01T10:00:00Z`. */
export function localTime(milliseconds: number): string {
	const offset = -new Date(milliseconds).getTimezoneOffset();
	const shifted = new Date(milliseconds + offset * 60_000).toISOString();
	return `${shifted.slice(0, 19)}${offset === 0 ? 'Z' : offsetText(offset, ':')}`;
}

/** `2024-05-01T10:00:00.123456789+02:00`: an event's time in our zone. */
export function localNanoTime(nano: bigint): string {
	const milliseconds = Number(nano / 1_000_000n);
	const offset = -new Date(milliseconds).getTimezoneOffset();
	const shifted = new Date(milliseconds + offset * 60_000).toISOString();
	const fraction = (nano % 1_000_000_000n).toString().padStart(9, '0');
	return `${shifted.slice(0, 19)}.${fraction}${offset === 0 ? 'Z' : offsetText(offset, ':')}`;
}

function offsetText(minutes: number, colon: string): string {
	const size = Math.abs(minutes);
	const pad = (value: number) => String(value).padStart(2, '0');
	return `${minutes < 0 ? '-' : '+'}${pad(Math.trunc(size / 60))}${colon}${pad(size % 60)}`;
}

function zoneName(date: Date, offset: string): string {
	if (offset === '+0000') return 'UTC';
	const parts = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' }).formatToParts(date);
	const name = parts.find((part) => part.type === 'timeZoneName')?.value ?? offset;
	return name.startsWith('GMT') ? offset : name;
}

/**
 * A time given by a user, as the API takes it (`seconds.nanoseconds`): Unix seconds, RFC 3339 with or without a zone, a
 * date, or a duration back from `now` (milliseconds).
 * @throws EngineError `invalid_argument`
 */
export function apiTime(text: string, now: number): string | undefined {
	if (text === '') return undefined;
	if (/^\d+(\.\d{1,9})?$/.test(text)) return text;
	if (/^-?(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(text)) {
		const milliseconds = now - parseDuration(text) / 1e6;
		return (milliseconds / 1000).toFixed(9);
	}
	const match = /^(\d{4}-\d\d-\d\d)(?:T(\d\d(?::\d\d(?::\d\d)?)?)(?:[.,](\d{1,9}))?)?(Z|[+-]\d\d:\d\d)?$/.exec(text);
	if (match === null) {
		throw new EngineError('invalid_argument', `failed to parse value as time or duration: ${JSON.stringify(text)}`);
	}
	const clock = (match[2] ?? '00').split(':');
	const full = [clock[0] ?? '00', clock[1] ?? '00', clock[2] ?? '00'].join(':');
	const milliseconds = Date.parse(`${match[1]}T${full}${match[4] ?? ''}`);
	if (Number.isNaN(milliseconds)) {
		throw new EngineError('invalid_argument', `parsing time ${JSON.stringify(text)}: out of range`);
	}
	return `${Math.trunc(milliseconds / 1000)}.${(match[3] ?? '').padEnd(9, '0')}`;
}
