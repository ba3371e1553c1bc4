import { existsSync, readFileSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import type { LogConfig } from '../engine/containers/logs/log-config.ts';
import { EngineError, messageOf } from '../errors.ts';
import { type LogLevel, logLevels } from '../lib/logger.ts';
import { parseByteSize } from './byte-size.ts';
import {
	cgroupnsOf,
	checkDefaultIpcMode,
	logConfigOf,
	type StartDefaults,
	startDefaults,
	ulimitsOfFile,
} from './container-settings.ts';
import { parseFlags, type SettingValues, settings } from './flags.ts';
import { acceptsForeignKey } from './foreign-settings.ts';
import { checkCount, checkInsecureRegistry, checkMirror } from './registry-settings.ts';

/** A socket to serve. */
export type Host =
	| { readonly kind: 'unix'; readonly path: string }
	| { readonly kind: 'tcp'; readonly host: string; readonly port: number };

/** TLS of the tcp sockets: paths of PEM files. */
export interface TlsConfig {
	readonly verify: boolean;
	readonly ca: string | null;
	readonly cert: string;
	readonly key: string;
}

/** The daemon's configuration, complete and checked. */
export interface DaemonConfig {
	readonly hosts: readonly Host[];
	readonly tls: TlsConfig | null;
	readonly dataRoot: string;
	readonly execRoot: string;
	readonly pidfile: string;
	readonly bridge: string;
	/** CIDR, or null to choose. */
	readonly bip: string | null;
	readonly mtu: number | null;
	readonly logLevel: LogLevel;
	/** Log of containers that ask for none. */
	readonly log: LogConfig;
	readonly debug: boolean;
	readonly runtimes: ReadonlyMap<string, { readonly path: string; readonly args: readonly string[] }>;
	/** '' to choose. */
	readonly defaultRuntime: string;
	readonly group: string | null;
	readonly labels: readonly string[];
	readonly insecureRegistries: readonly string[];
	readonly registryMirrors: readonly string[];
	/** Where devices are described, CDI; later ones win. */
	readonly cdiSpecDirs: readonly string[];
	/** Layers downloaded at once. */
	readonly maxConcurrentDownloads: number;
	/** How often a download is tried in a row. */
	readonly maxDownloadAttempts: number;
	/** Seconds; -1: without end. Containers outlive the daemon, so that nothing waits for it. */
	readonly shutdownTimeout: number;
	readonly favorDynMods: boolean;
	/** Of containers that do not say; null: by the version of the host's cgroups. */
	readonly defaultCgroupns: 'host' | 'private' | null;
	/** Bytes of /dev/shm in containers that do not say. */
	readonly defaultShmSize: number;
	/** `private` or `shareable`. */
	readonly defaultIpcMode: string;
	/** `builtin`, `unconfined` or a file. */
	readonly seccompProfile: string;
	readonly startDefaults: StartDefaults;
	/** Whether containers that do not say have an init program as process 1. */
	readonly init: boolean;
	/** Path of that program; '' to choose. */
	readonly initPath: string;
}

/** What the command line asks for. */
export type DaemonCommand =
	| { readonly kind: 'help' }
	| { readonly kind: 'version' }
	| { readonly kind: 'validate'; readonly config: DaemonConfig }
	| { readonly kind: 'run'; readonly config: DaemonConfig };

const defaultConfigFile = '/etc/gantry/daemon.json';
const invalid = (message: string) => new EngineError('invalid_argument', message);

/** Reads flags and file together. @throws EngineError `invalid_argument`, one clear line. */
export function readConfig(args: readonly string[]): DaemonCommand {
	const flags = parseFlags(args);
	if (flags.has('help')) return { kind: 'help' };
	if (flags.has('version')) return { kind: 'version' };
	const named = flags.get('config-file');
	const path = typeof named === 'string' ? named : defaultConfigFile;
	if (named !== undefined && !existsSync(path))
		throw invalid(`unable to configure the daemon with file ${path}: no such file`);
	const file = existsSync(path)
		? readFile(path)
		: { values: new Map<string, never>(), runtimes: new Map<string, never>() };
	const both = [...flags.keys()].filter((flag) => file.values.has(flag));
	if (both.length > 0) {
		throw invalid(
			`unable to configure the daemon with file ${path}: the following directives are specified both as a flag and in the configuration file: ${both
				.map((flag) => `${keyOf(flag)}: (from flag: ${flags.get(flag)}, from file: ${file.values.get(flag)})`)
				.join(', ')}`,
		);
	}
	const config = assemble(new Map([...file.values, ...flags]), file.runtimes);
	return { kind: flags.has('validate') ? 'validate' : 'run', config };
}

function keyOf(flag: string): string {
	const setting = settings.find((one) => one.flag === flag);
	return setting !== undefined && 'key' in setting ? setting.key : flag;
}

interface FileContents {
	readonly values: SettingValues;
	readonly runtimes: DaemonConfig['runtimes'];
}

function readFile(path: string): FileContents {
	const prefix = `unable to configure the daemon with file ${path}`;
	let parsed: unknown;
	try {
		parsed = JSON.parse(readFileSync(path, 'utf8'));
	} catch (error) {
		throw invalid(`${prefix}: ${messageOf(error)}`);
	}
	if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
		throw invalid(`${prefix}: give a JSON object`);
	const values = new Map<string, string | boolean | readonly string[]>();
	const unknown: string[] = [];
	let runtimes: DaemonConfig['runtimes'] = new Map();
	for (const [key, value] of Object.entries(parsed as Record<string, unknown>)) {
		const setting = settings.find((one) => 'key' in one && one.key === key);
		if (key === 'runtimes') runtimes = parseRuntimes(value, prefix);
		else if (key === 'default-ulimits') values.set('default-ulimit', ulimitsOfFile(value));
		else if (setting === undefined) {
			if (!acceptsKey(key, value, prefix)) unknown.push(key);
		} else values.set(setting.flag, checkKind(key, setting.kind, value, prefix));
	}
	if (unknown.length > 0)
		throw invalid(`${prefix}: the following directives don't match any configuration option: ${unknown.join(', ')}`);
	return { values, runtimes };
}

function acceptsKey(key: string, value: unknown, prefix: string): boolean {
	try {
		return acceptsForeignKey(key, value);
	} catch (error) {
		throw invalid(`${prefix}: ${messageOf(error)}`);
	}
}

function checkKind(key: string, kind: string, value: unknown, prefix: string): string | boolean | readonly string[] {
	if (kind === 'boolean' && typeof value === 'boolean') return value;
	if (kind === 'string' && (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'))
		return String(value);
	if (kind === 'list' && Array.isArray(value) && value.every((one) => typeof one === 'string')) return value;
	if (kind === 'map' && typeof value === 'object' && value !== null && !Array.isArray(value)) {
		const entries = Object.entries(value as Record<string, unknown>);
		if (entries.every(([, one]) => typeof one === 'string')) return entries.map(([name, one]) => `${name}=${one}`);
	}
	if (kind === 'map') throw invalid(`${prefix}: ${key} must be an object of strings`);
	throw invalid(`${prefix}: ${key} must be ${kind === 'list' ? 'a list of strings' : `a ${kind}`}`);
}

function parseRuntimes(value: unknown, prefix: string): DaemonConfig['runtimes'] {
	if (typeof value !== 'object' || value === null) throw invalid(`${prefix}: runtimes must be an object`);
	const runtimes = new Map<string, { path: string; args: readonly string[] }>();
	for (const [name, entry] of Object.entries(value as Record<string, unknown>)) {
		const { path, runtimeArgs = [] } = (entry ?? {}) as { path?: unknown; runtimeArgs?: unknown };
		if (
			typeof path !== 'string' ||
			path === '' ||
			!Array.isArray(runtimeArgs) ||
			!runtimeArgs.every((one) => typeof one === 'string')
		) {
			throw invalid(`${prefix}: runtime ${name} needs a path, and runtimeArgs as a list of strings`);
		}
		runtimes.set(name, { path, args: runtimeArgs });
	}
	return runtimes;
}

function assemble(values: SettingValues, fileRuntimes: DaemonConfig['runtimes']): DaemonConfig {
	const text = (flag: string, fallback: string): string => {
		const value = values.get(flag);
		return typeof value === 'string' ? value : fallback;
	};
	const list = (flag: string): readonly string[] => {
		const value = values.get(flag);
		return Array.isArray(value) ? value : [];
	};
	const debug = values.get('debug') === true;
	const level = debug ? 'debug' : text('log-level', 'info');
	const logLevel = logLevels.find((one) => one === level);
	if (logLevel === undefined) throw invalid(`invalid logging level: ${level}`);
	const hosts = list('host');
	const tls = tlsOf(values, text);
	const defaultPort = tls === null ? '2375' : '2376';
	const mtu = text('mtu', '');
	if (mtu !== '' && !(Number.isInteger(Number(mtu)) && Number(mtu) >= 68 && Number(mtu) <= 65_535))
		throw invalid(`invalid mtu: ${mtu}`);
	const cdiSpecDirs = list('cdi-spec-dir');
	const favor = text('cgroup-favordynmods', 'true');
	if (favor !== 'true' && favor !== 'false') throw invalid(`invalid value for cgroup-favordynmods: ${favor}`);
	return {
		hosts: (hosts.length > 0 ? hosts : ['unix:///run/gantry.sock']).map((host) => parseHost(host, defaultPort)),
		tls,
		dataRoot: absolute(text('data-root', '/var/lib/gantry')),
		execRoot: absolute(text('exec-root', '/run/gantry')),
		pidfile: absolute(text('pidfile', '/run/gantry.pid')),
		bridge: bridgeOf(text('bridge', '')),
		bip: bipOf(values),
		mtu: mtu === '' ? null : Number(mtu),
		logLevel,
		log: logConfigOf(text('log-driver', 'json-file'), list('log-opt')),
		debug,
		runtimes: new Map([...fileRuntimes, ...list('add-runtime').map(parseRuntimeFlag)]),
		defaultRuntime: text('default-runtime', ''),
		group: text('group', '') || null,
		labels: list('label').map(checkLabel),
		insecureRegistries: list('insecure-registry').map(checkInsecureRegistry),
		registryMirrors: list('registry-mirror').map(checkMirror),
		cdiSpecDirs: cdiSpecDirs.length > 0 ? cdiSpecDirs.map(absolute) : ['/etc/cdi', '/var/run/cdi'],
		maxConcurrentDownloads: checkCount('max concurrent downloads', text('max-concurrent-downloads', '3'), 1),
		maxDownloadAttempts: checkCount('max download attempts', text('max-download-attempts', '5'), 1),
		shutdownTimeout: checkCount('shutdown timeout', text('shutdown-timeout', '15'), -1),
		favorDynMods: favor === 'true',
		defaultCgroupns: cgroupnsOf(text('default-cgroupns-mode', '')),
		defaultShmSize: parseByteSize('default shm size', text('default-shm-size', '64m')),
		defaultIpcMode: checkDefaultIpcMode(text('default-ipc-mode', 'private')),
		seccompProfile: text('seccomp-profile', '') || 'builtin',
		startDefaults: startDefaults({ text, list, has: (flag) => values.get(flag) === true }),
		init: values.get('init') === true,
		initPath: text('init-path', '') && absolute(text('init-path', '')),
	};
}

function absolute(path: string): string {
	return isAbsolute(path) ? path : resolve(path);
}

function bridgeOf(name: string): string {
	if (name === '') return 'gantry0';
	if (!/^[a-zA-Z0-9_.-]{1,15}$/.test(name))
		throw invalid(`invalid bridge name ${JSON.stringify(name)}: at most 15 characters of a-z, 0-9, _, . and -`);
	return name;
}

function bipOf(values: SettingValues): string | null {
	const bip = values.get('bip');
	if (typeof bip !== 'string' || bip === '') return null;
	const match = /^(\d{1,3}(?:\.\d{1,3}){3})\/(\d{1,2})$/.exec(bip);
	const octets = match?.[1]?.split('.').map(Number) ?? [];
	if (octets.length !== 4 || octets.some((one) => one > 255) || Number(match?.[2]) > 30)
		throw invalid(`invalid CIDR address: ${bip}`);
	return bip;
}

function parseRuntimeFlag(text: string): [string, { path: string; args: readonly string[] }] {
	const cut = text.indexOf('=');
	const name = text.slice(0, cut);
	if (cut < 1 || cut === text.length - 1)
		throw invalid(`invalid runtime option ${JSON.stringify(text)}: give name=path`);
	return [name, { path: text.slice(cut + 1), args: [] }];
}

function checkLabel(label: string): string {
	if (label.indexOf('=') < 1) throw invalid(`bad attribute format: ${label}: give key=value`);
	return label;
}

function tlsOf(values: SettingValues, text: (flag: string, fallback: string) => string): TlsConfig | null {
	const verify = values.get('tlsverify') === true;
	if (!verify && values.get('tls') !== true) return null;
	const cert = text('tlscert', '');
	const key = text('tlskey', '');
	const ca = text('tlscacert', '') || null;
	if (cert === '' || key === '') throw invalid('TLS needs --tlscert and --tlskey');
	if (verify && ca === null) throw invalid('--tlsverify needs --tlscacert');
	for (const path of [cert, key, ca]) {
		if (path !== null && !existsSync(path)) throw invalid(`could not load the TLS file ${path}: no such file`);
	}
	return { verify, ca, cert, key };
}

function parseHost(text: string, defaultPort: string): Host {
	const unix = /^unix:\/\/(.+)$/.exec(text)?.[1];
	if (unix !== undefined) return { kind: 'unix', path: absolute(unix) };
	const tcp = /^tcp:\/\/(?:\[([0-9a-fA-F:]+)\]|([^:/[\]]*))(?::(\d{1,5}))?\/?$/.exec(text);
	if (tcp === null)
		throw invalid(`unable to parse the host ${JSON.stringify(text)}: give unix://PATH or tcp://HOST:PORT`);
	const port = Number(tcp[3] ?? defaultPort);
	if (port > 65_535) throw invalid(`invalid port in ${text}`);
	return { kind: 'tcp', host: tcp[1] ?? (tcp[2] || '127.0.0.1'), port };
}
