import { parseArgs } from 'node:util';
import { EngineError } from '../errors.ts';
import { withoutForeignFlags } from './foreign-settings.ts';

/** A setting of the daemon: its flag, its key in daemon.json, and how it is written there. */
interface Setting {
	readonly flag: string;
	readonly short?: string;
	/** Key in daemon.json; absent: flag only. */
	readonly key?: string;
	readonly kind: 'string' | 'boolean' | 'list' | 'map';
	readonly help: string;
}

/** All settings. The flags and keys are dockerd's where it has them. */
export const settings = [
	{ flag: 'add-runtime', kind: 'list', help: 'Register another OCI runtime, as name=path' },
	{ flag: 'bip', key: 'bip', kind: 'string', help: 'Address of the default bridge, as CIDR' },
	{
		flag: 'bridge',
		short: 'b',
		key: 'bridge',
		kind: 'string',
		help: 'Device of the default bridge network; "none" for no bridge network',
	},
	{
		flag: 'cgroup-favordynmods',
		key: 'cgroup-favordynmods',
		kind: 'string',
		help: 'Mount cgroup2 with favordynmods for faster starts: "true" or "false"',
	},
	{
		flag: 'cdi-spec-dir',
		key: 'cdi-spec-dirs',
		kind: 'list',
		help: 'Directory of CDI device descriptions (default /etc/cdi and /var/run/cdi)',
	},
	{ flag: 'config-file', kind: 'string', help: 'Configuration file' },
	{ flag: 'data-root', key: 'data-root', kind: 'string', help: 'Directory of what lasts' },
	{ flag: 'debug', short: 'D', key: 'debug', kind: 'boolean', help: 'Log at level debug' },
	{
		flag: 'default-cgroupns-mode',
		key: 'default-cgroupns-mode',
		kind: 'string',
		help: 'Cgroup namespace of containers that do not say: host or private',
	},
	{
		flag: 'default-ipc-mode',
		key: 'default-ipc-mode',
		kind: 'string',
		help: 'IPC namespace of containers that do not say: private or shareable',
	},
	{ flag: 'default-runtime', key: 'default-runtime', kind: 'string', help: 'OCI runtime of containers that name none' },
	{
		flag: 'default-shm-size',
		key: 'default-shm-size',
		kind: 'string',
		help: 'Size of /dev/shm in containers that do not say (64m)',
	},
	{
		flag: 'default-ulimit',
		key: 'default-ulimits',
		kind: 'list',
		help: 'Ulimit of containers that do not say, as name=soft[:hard]',
	},
	{ flag: 'dns', key: 'dns', kind: 'list', help: 'Name server of containers that do not say' },
	{ flag: 'dns-opt', key: 'dns-opts', kind: 'list', help: 'Resolver option of containers that do not say' },
	{ flag: 'dns-search', key: 'dns-search', kind: 'list', help: 'Search domain of containers that do not say' },
	{ flag: 'exec-root', key: 'exec-root', kind: 'string', help: 'Directory of what lives as long as the host runs' },
	{ flag: 'group', short: 'G', key: 'group', kind: 'string', help: 'Group that may use the unix socket' },
	{ flag: 'help', short: 'h', kind: 'boolean', help: 'Print this help' },
	{ flag: 'host', short: 'H', key: 'hosts', kind: 'list', help: 'Socket to serve: unix://PATH or tcp://HOST:PORT' },
	{
		flag: 'host-gateway-ip',
		key: 'host-gateway-ips',
		kind: 'list',
		help: 'What host-gateway stands for in --add-host (the address of the bridge)',
	},
	{
		flag: 'init',
		key: 'init',
		kind: 'boolean',
		help: 'Run an init program as process 1 of containers that do not say',
	},
	{ flag: 'init-path', key: 'init-path', kind: 'string', help: 'That program (default tini, where the host has it)' },
	{
		flag: 'insecure-registry',
		key: 'insecure-registries',
		kind: 'list',
		help: 'Registry (host or CIDR) to use without TLS or with any certificate',
	},
	{ flag: 'label', key: 'labels', kind: 'list', help: 'Label of the daemon, as key=value' },
	{
		flag: 'log-driver',
		key: 'log-driver',
		kind: 'string',
		help: 'Log driver of containers that ask for none',
	},
	{
		flag: 'log-level',
		short: 'l',
		key: 'log-level',
		kind: 'string',
		help: 'Least level to log: debug, info, warn, error or fatal',
	},
	{ flag: 'log-opt', key: 'log-opts', kind: 'map', help: 'Option of that log driver, as key=value' },
	{
		flag: 'max-concurrent-downloads',
		key: 'max-concurrent-downloads',
		kind: 'string',
		help: 'Layers to download at once (3)',
	},
	{
		flag: 'max-download-attempts',
		key: 'max-download-attempts',
		kind: 'string',
		help: 'How often a download is tried in a row (5)',
	},
	{ flag: 'mtu', key: 'mtu', kind: 'string', help: 'MTU of the default bridge network' },
	{
		flag: 'no-new-privileges',
		key: 'no-new-privileges',
		kind: 'boolean',
		help: 'Set no-new-privileges on containers that do not say',
	},
	{ flag: 'pidfile', short: 'p', key: 'pidfile', kind: 'string', help: 'File to write the process id to' },
	{ flag: 'registry-mirror', key: 'registry-mirrors', kind: 'list', help: 'Mirror of Docker Hub to ask first' },
	{
		flag: 'seccomp-profile',
		key: 'seccomp-profile',
		kind: 'string',
		help: 'Seccomp profile of containers that do not say: a file, builtin or unconfined',
	},
	{
		flag: 'shutdown-timeout',
		key: 'shutdown-timeout',
		kind: 'string',
		help: 'Seconds to wait for containers at the end; they go on, so that nothing waits',
	},
	{ flag: 'tls', key: 'tls', kind: 'boolean', help: 'Use TLS on tcp:// sockets' },
	{ flag: 'tlscacert', key: 'tlscacert', kind: 'string', help: 'Certificate authority that clients must be signed by' },
	{ flag: 'tlscert', key: 'tlscert', kind: 'string', help: 'Certificate of the daemon' },
	{ flag: 'tlskey', key: 'tlskey', kind: 'string', help: 'Key of the daemon' },
	{ flag: 'tlsverify', key: 'tlsverify', kind: 'boolean', help: 'Use TLS and check the certificates of clients' },
	{ flag: 'validate', kind: 'boolean', help: 'Check the configuration and exit' },
	{ flag: 'version', short: 'v', kind: 'boolean', help: 'Print the version' },
] as const satisfies readonly Setting[];

/** Values by flag name. */
export type SettingValues = ReadonlyMap<string, string | boolean | readonly string[]>;

/** Parses the daemon's command line. @throws EngineError `invalid_argument`, one line. */
export function parseFlags(args: readonly string[]): SettingValues {
	const options = Object.fromEntries(
		(settings as readonly Setting[]).map((setting) => [
			setting.flag,
			{
				type: setting.kind === 'boolean' ? ('boolean' as const) : ('string' as const),
				multiple: setting.kind === 'list' || setting.kind === 'map',
				...(setting.short === undefined ? {} : { short: setting.short }),
			},
		]),
	);
	let parsed: ReturnType<typeof parseArgs>;
	try {
		parsed = parseArgs({
			args: expandBooleans(withoutForeignFlags(args)),
			options,
			strict: true,
			allowPositionals: true,
		});
	} catch (error) {
		const text = error instanceof Error ? error.message : String(error);
		const unknown = /^Unknown option '(-+[^']+)'/.exec(text)?.[1];
		throw new EngineError(
			'invalid_argument',
			unknown === undefined ? (text.split('. ')[0] ?? text) : `unknown flag: ${unknown}`,
		);
	}
	const stray = parsed.positionals[0];
	if (stray !== undefined) throw new EngineError('invalid_argument', `"gantry daemon" accepts no arguments: ${stray}`);
	return new Map(Object.entries(parsed.values) as [string, string | boolean | string[]][]);
}

/** pflag takes `--debug=false`; node's parser knows only the bare flag. */
function expandBooleans(args: readonly string[]): string[] {
	const booleans = new Set(
		(settings as readonly Setting[]).filter((one) => one.kind === 'boolean').map((one) => one.flag),
	);
	return args.flatMap((arg) => {
		const match = /^--([a-z-]+)=(.*)$/.exec(arg);
		if (match === null || !booleans.has(match[1] ?? '')) return [arg];
		if (match[2] === 'true' || match[2] === '1') return [`--${match[1]}`];
		if (match[2] === 'false' || match[2] === '0') return [];
		throw new EngineError(
			'invalid_argument',
			`invalid argument "${match[2]}" for "--${match[1]}" flag: give true or false`,
		);
	});
}

/** The help text. */
export function daemonHelp(): string {
	const lines = (settings as readonly Setting[]).map((one) => {
		const short = one.short === undefined ? '    ' : `-${one.short}, `;
		const value = one.kind === 'boolean' ? '' : ` ${one.kind}`;
		return `  ${`${short}--${one.flag}${value}`.padEnd(36)} ${one.help}`;
	});
	return `Usage:  gantry daemon [OPTIONS]\n\nRuns the container engine.\n\nOptions:\n${lines.join('\n')}\n`;
}
