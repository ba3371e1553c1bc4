import { dirname, join } from 'node:path';
import type { LogFiles, LogTarget, SinkTarget } from '../../../runtime/protocol.ts';
import type { HostConfig } from '../model.ts';
import { attributeOptions, chosenAttributes } from './attributes.ts';
import { cacheFiles, jsonFileOptions, localOptions } from './file-drivers.ts';
import { fluentdOptions, parseFluentd } from './fluentd.ts';
import { gelfOptions, parseGelf } from './gelf.ts';
import { invalid, type LogOptionMap, optional, parseSize } from './option-values.ts';
import { parseSyslog, syslogOptions } from './syslog.ts';
import { commandOf, type LogInfo, renderTag } from './tag.ts';

/** A driver and its options. */
export interface LogConfig {
	readonly driver: string;
	readonly options: LogOptionMap;
}

const defaultBuffer = 1_000_000;
const journalSocket = '/run/systemd/journal/socket';

/** Each driver's own options, and how Docker calls one that it does not know. */
const drivers: ReadonlyMap<string, { readonly options: ReadonlySet<string>; readonly place: string }> = new Map([
	['fluentd', { options: fluentdOptions, place: 'fluentd log driver' }],
	['gelf', { options: gelfOptions, place: 'gelf log driver' }],
	['journald', { options: new Set<string>(attributeOptions), place: 'journald log driver' }],
	[
		'json-file',
		{ options: new Set(['max-size', 'max-file', 'compress', ...attributeOptions]), place: 'json-file log driver' },
	],
	['local', { options: new Set(['max-size', 'max-file', 'compress']), place: 'log driver local' }],
	['syslog', { options: syslogOptions, place: 'syslog log driver' }],
]);

/** Names for `info`; `none` is no driver there. */
export const logDrivers: readonly string[] = [...drivers.keys()];

/** Options that are the same for all drivers. */
const common = new Set(['mode', 'max-buffer-size']);
const ofCopies = new Set(['cache-disabled', 'cache-max-size', 'cache-max-file', 'cache-compress']);

/** What a container is given that asks for no driver, or for the daemon's own: its options, under those of the user. */
export function settleLogConfig(given: Pick<HostConfig, 'logDriver' | 'logOptions'>, defaults: LogConfig): LogConfig {
	const driver = given.logDriver || defaults.driver;
	const inherited = driver === defaults.driver ? defaults.options : {};
	return { driver, options: { ...inherited, ...given.logOptions } };
}

/** Checks a driver and its options as far as they do not depend on a container. @throws `invalid_argument` in Docker's words */
export function checkLogConfig({ driver, options }: LogConfig): void {
	if (driver === 'none') return;
	bufferOf(options);
	const known = drivers.get(driver);
	if (known === undefined) throw invalid(`logger: no log driver named '${driver}' is registered`);
	// That one says first that it needs an address.
	if (driver === 'gelf') parseGelf(options);
	for (const key of Object.keys(options)) {
		if (!common.has(key) && !ofCopies.has(key) && !known.options.has(key)) {
			throw invalid(`unknown log opt '${key}' for ${known.place}`);
		}
	}
	cacheFiles(options, '');
	if (driver === 'json-file') jsonFileOptions(options);
	if (driver === 'local') localOptions(options);
	if (driver === 'syslog') parseSyslog(options);
	if (driver === 'fluentd') parseFluentd(options);
}

/** `mode` and `max-buffer-size`. @throws `invalid_argument` */
function bufferOf(options: LogOptionMap): { readonly buffer: number | null; readonly nonBlocking: boolean } {
	const mode = options.mode ?? '';
	if (mode !== '' && mode !== 'blocking' && mode !== 'non-blocking') {
		throw invalid(`logger: logging mode not supported: ${mode}`);
	}
	const buffer = optional(options, 'max-buffer-size', null, (text) => {
		if (mode !== 'non-blocking') {
			throw invalid("logger: max-buffer-size option is only supported with 'mode=non-blocking'");
		}
		const size = parseSize(text, 1024);
		if (size === null) throw invalid(`error parsing option max-buffer-size: invalid size: '${text}'`);
		return size;
	});
	return { buffer, nonBlocking: mode === 'non-blocking' };
}

/** The files of a container's log, by its driver; null: there are none that can be read. `jsonPath`: where `json-file` writes. */
export function readableLog(
	{ driver, options }: LogConfig,
	jsonPath: string,
): { readonly format: 'json-file' | 'local'; readonly path: string } | null {
	switch (driver) {
		case 'none':
			return null;
		case 'json-file':
			return { format: 'json-file', path: jsonPath };
		case 'local':
			return { format: 'local', path: join(dirname(jsonPath), 'local-logs', 'container.log') };
		default: {
			const files = cacheFiles(options, join(dirname(jsonPath), 'container-cached.log'));
			return files === null ? null : { format: 'local', path: files.path };
		}
	}
}

/** How the shim keeps this container's output. `info.logPath`: where `json-file` writes. @throws `invalid_argument` for wrong options */
export async function logTarget(info: LogInfo): Promise<LogTarget> {
	const { container, logPath } = info;
	const { logDriver: driver, logOptions: options } = container.hostConfig;
	const config = { driver, options };
	checkLogConfig(config);
	if (driver === 'none') return { driver };
	const path = readableLog(config, logPath)?.path ?? '';
	if (driver === 'local') return { driver, path, ...localOptions(options) };
	if (driver === 'json-file') {
		const tag = options.tag ?? '';
		const attributes = {
			...chosenAttributes(container, options),
			...(tag === '' ? {} : { tag: await renderTag(tag, info) }),
		};
		return { driver, path, ...jsonFileOptions(options), attributes };
	}
	return sinkTarget(info, cacheFiles(options, path));
}

async function sinkTarget(info: LogInfo, cache: LogFiles | null): Promise<SinkTarget> {
	const { logOptions: options } = info.container.hostConfig;
	const { buffer, nonBlocking } = bufferOf(options);
	const { sink, limit } = await sinkOf(info, await renderTag(options.tag ?? '', info));
	return { driver: 'sink', sink, cache, buffer: buffer ?? limit ?? defaultBuffer, nonBlocking };
}

async function sinkOf(
	{ container, hostname }: LogInfo,
	tag: string,
): Promise<{ readonly sink: SinkTarget['sink']; readonly limit: number | null }> {
	const { logDriver: driver, logOptions: options } = container.hostConfig;
	const name = `/${container.name}`;
	switch (driver) {
		case 'syslog':
			return { sink: { driver, ...parseSyslog(options), hostname, tag }, limit: null };
		case 'fluentd': {
			const { bufferLimit, ...parsed } = parseFluentd(options);
			const record = { ...chosenAttributes(container, options), container_id: container.id, container_name: name };
			return { sink: { driver, ...parsed, tag, record }, limit: bufferLimit };
		}
		case 'gelf': {
			const extra = {
				_container_id: container.id,
				_container_name: container.name,
				_image_id: container.imageId,
				_image_name: container.config.image,
				_command: commandOf(container),
				_tag: tag,
				_created: container.createdAt,
				...chosenAttributes(container, options, (key) => (key.startsWith('_') ? key : `_${key}`)),
			};
			return { sink: { driver, ...parseGelf(options), hostname, extra }, limit: null };
		}
		default: {
			const fields = {
				CONTAINER_ID: container.id.slice(0, 12),
				CONTAINER_ID_FULL: container.id,
				CONTAINER_NAME: container.name,
				CONTAINER_TAG: tag,
				IMAGE_NAME: container.config.image,
				SYSLOG_IDENTIFIER: tag,
				...chosenAttributes(container, options, journalField),
			};
			return { sink: { driver: 'journald', path: journalSocket, fields }, limit: null };
		}
	}
}

/** A key as a field of the journal: capitals, digits and underscores, which do not come first. */
function journalField(key: string): string {
	return key
		.toUpperCase()
		.replaceAll(/[^A-Z0-9]/g, '_')
		.replace(/^_+/, '');
}
