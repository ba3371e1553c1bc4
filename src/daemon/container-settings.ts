import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { ContainerDefaults } from '../engine/containers/defaults.ts';
import { checkLogConfig, type LogConfig } from '../engine/containers/logs/log-config.ts';
import type { Ulimit } from '../engine/containers/model.ts';
import { EngineError, messageOf } from '../errors.ts';

const invalid = (message: string) => new EngineError('invalid_argument', message);

/** What containers get at each start that do not say, as it is from the daemon's start on. */
export type StartDefaults = Omit<ContainerDefaults, 'shmSize' | 'ipcMode' | 'init' | 'initPath'>;

/** How the settings are asked for. */
interface Values {
	text(flag: string, fallback: string): string;
	list(flag: string): readonly string[];
	has(flag: string): boolean;
}

/** Reads and checks them. @throws EngineError `invalid_argument` */
export function startDefaults({ text, list, has }: Values): StartDefaults {
	const hostGateways = list('host-gateway-ip').map(checkAddress);
	for (const family of [4, 6]) {
		if (hostGateways.filter((one) => isIP(one) === family).length > 1)
			throw invalid(`only one IPv${family} host gateway IP address can be specified`);
	}
	return {
		ulimits: [...new Map(list('default-ulimit').map((one) => [one.split('=', 1)[0], parseUlimit(one)])).values()],
		noNewPrivileges: has('no-new-privileges'),
		seccompProfile: readSeccompProfile(text('seccomp-profile', '')),
		dns: list('dns').map(checkAddress),
		dnsOptions: list('dns-opt').map(checkWord),
		dnsSearch: list('dns-search').map(checkDomain),
		hostGateways,
	};
}

/** IPC mode of containers that do not say. @throws EngineError `invalid_argument` */
export function checkDefaultIpcMode(mode: string): string {
	if (mode === 'private' || mode === 'shareable') return mode;
	const what =
		mode === 'host' || mode === 'none' || mode.startsWith('container:')
			? `IPC mode "${mode}" is not supported as default value`
			: `default IPC mode setting (${mode}) is invalid`;
	throw invalid(`${what}; use "shareable" or "private"`);
}

/** Cgroup namespace of containers that do not say; null: by the host. @throws EngineError `invalid_argument` */
export function cgroupnsOf(mode: string): 'host' | 'private' | null {
	if (mode === '') return null;
	if (mode === 'host' || mode === 'private') return mode;
	throw invalid(`default cgroup namespace mode (${mode}) is invalid; use "host" or "private"`);
}

/** Log of containers that ask for none. `pairs`: key=value. @throws EngineError `invalid_argument` */
export function logConfigOf(driver: string, pairs: readonly string[]): LogConfig {
	const options: Record<string, string> = {};
	for (const pair of pairs) {
		const cut = pair.indexOf('=');
		if (cut < 1) throw invalid(`invalid log opt ${JSON.stringify(pair)}: give key=value`);
		options[pair.slice(0, cut)] = pair.slice(cut + 1);
	}
	const log = { driver, options };
	try {
		checkLogConfig(log);
	} catch (error) {
		throw invalid(`failed to set log opts: ${messageOf(error)}`);
	}
	return log;
}

const ulimitNames = new Set([
	...['core', 'cpu', 'data', 'fsize', 'locks', 'memlock', 'msgqueue', 'nice', 'nofile', 'nproc', 'rss'],
	...['rtprio', 'rttime', 'sigpending', 'stack'],
]);

/** `nofile=1024:2048`; -1 for none. */
function parseUlimit(text: string): Ulimit {
	const [, name = '', first = '', second = first] = /^([^=]*)=(-?\d{1,15})(?::(-?\d{1,15}))?$/.exec(text) ?? [];
	if (first === '') throw invalid(`invalid ulimit argument: ${text}: give NAME=SOFT[:HARD]`);
	if (!ulimitNames.has(name)) throw invalid(`invalid ulimit type: ${name}`);
	const [soft, hard] = [Number(first), Number(second)];
	if (soft < -1 || hard < -1) throw invalid(`invalid ulimit argument: ${text}: -1 is for no limit`);
	if (hard !== -1 && (soft === -1 || soft > hard))
		throw invalid(`ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`);
	return { name, soft, hard };
}

/** The file's form, `{"nofile": {"Name": "nofile", "Soft": 1, "Hard": 2}}`, as flags would have it. @throws EngineError `invalid_argument` */
export function ulimitsOfFile(value: unknown): readonly string[] {
	const wrong = () => invalid('default-ulimits must be an object of {"Name", "Soft", "Hard"}');
	if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong();
	return Object.entries(value).map(([key, entry]: [string, unknown]) => {
		const { Name = key, Soft, Hard } = (entry ?? {}) as { Name?: unknown; Soft?: unknown; Hard?: unknown };
		if (Name !== key || !Number.isSafeInteger(Soft) || !Number.isSafeInteger(Hard)) throw wrong();
		return `${key}=${Soft}:${Hard}`;
	});
}

/** `''` for the built-in one, `unconfined`, or the text of the file. It is read once, as dockerd does. */
function readSeccompProfile(name: string): string {
	if (name === '' || name === 'builtin') return '';
	if (name === 'unconfined') return name;
	let text: string;
	let profile: unknown;
	try {
		text = readFileSync(name, 'utf8');
		profile = JSON.parse(text);
	} catch (error) {
		throw invalid(`opening seccomp profile (${name}) failed: ${messageOf(error)}`);
	}
	if (typeof profile !== 'object' || profile === null || !('defaultAction' in profile))
		throw invalid(`opening seccomp profile (${name}) failed: it has no defaultAction`);
	return text;
}

function checkAddress(text: string): string {
	if (isIP(text) === 0) throw invalid(`${text} is not an ip address`);
	return text;
}

function checkWord(text: string): string {
	if (!/^[!-~]+$/.test(text)) throw invalid(`invalid DNS option ${JSON.stringify(text)}`);
	return text;
}

function checkDomain(text: string): string {
	if (text === '.' || /^[a-zA-Z0-9_-]{1,63}(\.[a-zA-Z0-9_-]{1,63})*\.?$/.test(text)) return text;
	throw invalid(`${text} is not a valid domain`);
}
