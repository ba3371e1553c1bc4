import type { DeviceMapping, DeviceRequest, RestartPolicy, ThrottleDevice } from '../../api/container.ts';
import { EngineError } from '../../errors.ts';
import { parseBytes } from './numbers.ts';
import { pairsToMap, parseCsv } from './texts.ts';

function wrong(message: string): EngineError {
	return new EngineError('invalid_argument', message);
}

/** `--device /dev/a[:/dev/b][:rwm]`, or a CDI name `vendor.com/class=name`. */
export function parseDevices(values: readonly string[]): { devices: DeviceMapping[]; cdi: string[] } {
	const cdi = values.filter((value) => /^[A-Za-z][\w.-]*\/[\w.-]+=\S+$/.test(value));
	const devices = values.filter((value) => !cdi.includes(value)).map(parseDevice);
	return { devices, cdi };
}

function parseDevice(value: string): DeviceMapping {
	const parts = value.split(':');
	const [source = '', second, third] = parts;
	if (parts.length > 3 || source === '') throw wrong(`invalid device specification: ${value}`);
	const secondIsMode = second !== undefined && parts.length === 2 && isDeviceMode(second);
	const mode = secondIsMode ? second : (third ?? 'rwm');
	const inside = secondIsMode || second === undefined || second === '' ? source : second;
	return { PathOnHost: source, PathInContainer: inside, CgroupPermissions: mode };
}

function isDeviceMode(text: string): boolean {
	return /^[rwm]{1,3}$/.test(text) && new Set(text).size === text.length;
}

/** A check for `--device-cgroup-rule`. */
export function deviceRuleFlag(text: string): string {
	if (!/^[acb] ([0-9]+|\*):([0-9]+|\*) [rwm]{1,3}$/.test(text)) throw wrong(`invalid device cgroup format '${text}'`);
	return text;
}

/** `--device-read-bps` and the like: `/dev/sda:1mb`. `inBytes` false: plain numbers. */
export function parseThrottle(value: string, inBytes: boolean): ThrottleDevice {
	const colon = value.indexOf(':');
	if (colon < 0 || colon !== value.lastIndexOf(':')) throw wrong(`bad format: ${value}`);
	const path = value.slice(0, colon);
	const rate = value.slice(colon + 1);
	if (!path.startsWith('/dev/')) throw wrong(`bad format for device path: ${value}`);
	const hint = inBytes
		? 'The correct format is <device-path>:<number>[<unit>]. Number must be a positive integer. Unit is optional and can be kb, mb, or gb'
		: 'The correct format is <device-path>:<number>. Number must be a positive integer';
	if (!inBytes && !/^\d+$/.test(rate)) throw wrong(`invalid rate for device: ${value}. ${hint}`);
	try {
		return { Path: path, Rate: inBytes ? parseBytes(rate) : Number(rate) };
	} catch (error) {
		throw new EngineError('invalid_argument', `invalid rate for device: ${value}. ${hint}`, { cause: error });
	}
}

/** `--blkio-weight-device /dev/sda:100`. */
export function parseWeightDevice(value: string): { Path: string; Weight: number } {
	const [path = '', weight = '', ...rest] = value.split(':');
	if (weight === '' || rest.length > 0) throw wrong(`bad format: ${value}`);
	if (!path.startsWith('/dev/')) throw wrong(`bad format for device path: ${value}`);
	const number = Number(weight);
	if (!/^\d+$/.test(weight) || (number !== 0 && (number < 10 || number > 1000))) {
		throw wrong(`invalid weight for device: ${value}`);
	}
	return { Path: path, Weight: number };
}

/** A checked flag: the value stays as it is when `parse` takes it. */
export function checkedBy(parse: (value: string) => unknown): (value: string) => string {
	return (value) => {
		parse(value);
		return value;
	};
}

const ulimitNames = new Set(
	'core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(' '),
);

/** `--ulimit nofile=1024:2048`. */
export function parseUlimit(value: string): { Name: string; Hard: number; Soft: number } {
	const equals = value.indexOf('=');
	if (equals < 0) throw wrong(`invalid ulimit argument: ${value}`);
	const name = value.slice(0, equals);
	const limits = value.slice(equals + 1).split(':');
	if (!ulimitNames.has(name)) throw wrong(`invalid ulimit type: ${name}`);
	if (limits.length > 2)
		throw wrong(
			`too many limit value arguments - ${value.slice(equals + 1)}, can only have up to two, \`soft[:hard]\``,
		);
	for (const limit of limits) {
		if (!/^-?\d+$/.test(limit)) throw wrong(`strconv.ParseInt: parsing ${JSON.stringify(limit)}: invalid syntax`);
	}
	const soft = Number(limits[0]);
	const hard = limits[1] === undefined ? soft : Number(limits[1]);
	if (hard !== -1 && (soft > hard || soft === -1)) {
		throw wrong(`ulimit soft limit must be less than or equal to hard limit: ${soft === -1 ? '-1' : soft} > ${hard}`);
	}
	return { Name: name, Hard: hard, Soft: soft };
}

/** `--restart no|always|unless-stopped|on-failure[:count]`. */
export function parseRestart(value: string): RestartPolicy {
	if (value === '') return { Name: 'no', MaximumRetryCount: 0 };
	const [name = '', count, ...rest] = value.split(':');
	if (rest.length > 0) throw wrong('invalid restart policy format: maximum retry count must be an integer');
	if (name === '') throw wrong('invalid restart policy format: no policy provided before colon');
	if (count !== undefined && !/^[+-]?\d+$/.test(count)) {
		throw wrong('invalid restart policy format: maximum retry count must be an integer');
	}
	return { Name: name as NonNullable<RestartPolicy['Name']>, MaximumRetryCount: Number(count ?? 0) };
}

/** `--gpus all`, `--gpus 2`, `--gpus device=0,driver=nvidia,capabilities=…`. */
export function parseGpus(value: string): DeviceRequest {
	let count = 0;
	let driver = '';
	let devices: string[] | null = null;
	let capabilities = ['gpu'];
	let options: Record<string, string> = {};
	const seen = new Set<string>();
	for (const field of parseCsv(value)) {
		const equals = field.indexOf('=');
		const key = equals < 0 ? 'count' : field.slice(0, equals);
		const said = equals < 0 ? field : field.slice(equals + 1);
		if (seen.has(key)) throw wrong(`gpu request key '${key}' can be specified only once`);
		seen.add(key);
		if (key === 'driver') driver = said;
		else if (key === 'count') count = gpuCount(said);
		else if (key === 'device') devices = parseCsv(said);
		else if (key === 'capabilities') capabilities = [...parseCsv(said), 'gpu'];
		else if (key === 'options') options = pairsToMap(parseCsv(said));
		else throw wrong(`unexpected key '${key}' in '${field}'`);
	}
	if (!seen.has('count') && devices === null) count = 1;
	return { Driver: driver, Count: count, DeviceIDs: devices, Capabilities: [capabilities], Options: options };
}

function gpuCount(text: string): number {
	if (text === 'all') return -1;
	if (!/^-?\d+$/.test(text)) throw wrong('count must be an integer');
	return Number(text);
}
