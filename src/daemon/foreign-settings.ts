import { EngineError } from '../errors.ts';

/** A setting of dockerd that is here in one way only, or not at all. */
interface ForeignSetting {
	readonly flag: string;
	/** Key in daemon.json; absent: as the flag. */
	readonly key?: string;
	/** Values that say what is so anyway. */
	readonly accepts: readonly string[];
	/** Why nothing else can be had, and what to do. */
	readonly why: string;
}

const always = (flag: string, accepts: readonly string[], why: string): ForeignSetting => ({ flag, accepts, why });
const never = (flag: string, why: string, key?: string): ForeignSetting => ({
	flag,
	accepts: [],
	why,
	...(key === undefined ? {} : { key }),
});
const perContainer = (option: string) => `give ${option} to each container`;
const noSwarm = 'there is no swarm here';
const noIPv6 = 'networks have IPv4 only';
const noContainerd = 'the daemon keeps its containers itself, without containerd';

/** Source: dockerd's reference, daemon options and configuration file. */
const foreign: readonly ForeignSetting[] = [
	always('live-restore', ['true'], 'containers always outlive the daemon'),
	always('iptables', ['true'], 'networks are made with nftables rules of their own, and do not work without'),
	always('ip6tables', ['false'], noIPv6),
	always('ipv6', ['false'], noIPv6),
	always('ip-forward', ['true'], 'the bridge network does not work without'),
	always('ip-masq', ['true'], 'the bridge network does not work without'),
	always('icc', ['true'], 'containers on one bridge always reach each other'),
	always('userland-proxy', ['false'], 'published ports are nftables rules and need no proxy process'),
	always('firewall-backend', ['nftables'], 'nftables is the only one'),
	always('storage-driver', ['overlay2'], 'overlay2 is the only one'),
	always('experimental', ['false'], 'there are no experimental features to switch on'),
	always('selinux-enabled', ['false'], 'SELinux labels are not set'),
	always('raw-logs', ['true', 'false'], 'logs never have colours'),
	always('rootless', ['false'], 'run the daemon as root'),
	always('ip', ['0.0.0.0'], 'give the address with each -p'),
	always('log-format', ['text'], 'messages are logfmt text'),
	{ flag: 'exec-opt', key: 'exec-opts', accepts: ['native.cgroupdriver=cgroupfs'], why: 'cgroupfs is the only driver' },
	{
		flag: 'storage-opt',
		key: 'storage-opts',
		accepts: ['overlay2.override_kernel_check=true'],
		why: 'overlay2 takes none',
	},
	never('max-concurrent-uploads', 'images are not uploaded by this version'),
	never('authorization-plugin', 'plugins are not supported', 'authorization-plugins'),
	never('bip6', noIPv6),
	never('cgroup-parent', perContainer('--cgroup-parent')),
	never('containerd', noContainerd),
	never('containerd-namespace', noContainerd),
	never('containerd-plugins-namespace', noContainerd),
	never('cri-containerd', noContainerd),
	never('cpu-rt-period', perContainer('--cpu-rt-period')),
	never('cpu-rt-runtime', perContainer('--cpu-rt-runtime')),
	never('default-address-pool', 'the subnet of the bridge network is chosen with --bip', 'default-address-pools'),
	never('default-gateway', 'the gateway is the address of the bridge: set it with --bip'),
	never('default-gateway-v6', noIPv6),
	never('default-network-opt', 'user-defined networks are not supported by this version', 'default-network-opts'),
	never('fixed-cidr', 'addresses come from the whole subnet of --bip'),
	never('fixed-cidr-v6', noIPv6),
	never('http-proxy', 'set HTTP_PROXY in the environment of the daemon'),
	never('https-proxy', 'set HTTPS_PROXY in the environment of the daemon'),
	never('no-proxy', 'set NO_PROXY in the environment of the daemon'),
	never('proxies', 'set HTTP_PROXY, HTTPS_PROXY and NO_PROXY in the environment of the daemon'),
	never('ip-forward-no-drop', 'forwarding is limited by nftables rules of its own'),
	never('metrics-addr', 'metrics are not served'),
	never('network-control-plane-mtu', noSwarm),
	never('node-generic-resource', noSwarm, 'node-generic-resources'),
	never('swarm-default-advertise-addr', noSwarm),
	never('userland-proxy-path', 'published ports need no proxy process'),
	never('userns-remap', 'user namespaces are not remapped by this version'),
	never('builder', 'there is no build cache to configure'),
];

/** Flags that need no value: `--icc` stands for `--icc=true`. */
const switches = new Set([
	...[
		'live-restore',
		'iptables',
		'ip6tables',
		'ipv6',
		'ip-forward',
		'ip-masq',
		'icc',
		'userland-proxy',
		'experimental',
	],
	...['selinux-enabled', 'raw-logs', 'rootless', 'ip-forward-no-drop', 'cri-containerd'],
]);

function check(setting: ForeignSetting, name: string, values: readonly string[]): void {
	const wrong = values.find((value) => !setting.accepts.includes(value));
	if (wrong === undefined) return;
	const given = setting.accepts.length === 0 ? name : `${name}=${wrong}`;
	throw new EngineError('invalid_argument', `${given} is not supported: ${setting.why}`);
}

/** Takes dockerd's flags out of a command line. @throws EngineError `invalid_argument` for a value that cannot be had. */
export function withoutForeignFlags(args: readonly string[]): string[] {
	const rest: string[] = [];
	for (let at = 0; at < args.length; at++) {
		const arg = args[at] ?? '';
		const [, name = '', value] = /^--([a-z0-9-]+)(?:=(.*))?$/s.exec(arg) ?? [];
		const setting = foreign.find(({ flag }) => flag === name);
		if (setting === undefined) rest.push(arg);
		else if (value !== undefined) check(setting, `--${name}`, [value]);
		else if (switches.has(name)) check(setting, `--${name}`, ['true']);
		else check(setting, `--${name}`, [args[++at] ?? '']);
	}
	return rest;
}

/** True when the key of daemon.json is one of these, and what it says is so anyway. @throws EngineError `invalid_argument` */
export function acceptsForeignKey(key: string, value: unknown): boolean {
	if (key === 'features') {
		checkFeatures(value);
		return true;
	}
	const setting = foreign.find((one) => (one.key ?? one.flag) === key);
	if (setting === undefined) return false;
	const values = Array.isArray(value) ? value : [value];
	check(
		setting,
		key,
		values.map((one) => (typeof one === 'object' ? JSON.stringify(one) : String(one))),
	);
	return true;
}

/** Every feature that can be named is off. */
function checkFeatures(value: unknown): void {
	if (typeof value !== 'object' || value === null || Array.isArray(value)) {
		throw new EngineError('invalid_argument', 'features must be an object of booleans');
	}
	for (const [name, on] of Object.entries(value)) {
		if (on === false) continue;
		throw new EngineError('invalid_argument', `the feature ${name} is not supported: leave it out or set it to false`);
	}
}
