import { EngineError } from '../../errors.ts';
import { bool, type FlagDef, list, string, value } from '../command.ts';
import { checkedBy, deviceRuleFlag, parseGpus, parseThrottle, parseUlimit, parseWeightDevice } from './devices.ts';
import { parseMount } from './mounts.ts';
import { hostFlag, parseNetwork } from './network.ts';
import { bytesFlag, cpusFlag, durationFlag, integerFlag } from './numbers.ts';
import { isAddress } from './ports.ts';
import { envFlag, labelFlag, pairFlag, sysctlFlag } from './texts.ts';

const bytes = (name: string, short: string, help: string, minusOne = false) =>
	value(name, short, 'bytes', help, bytesFlag(minusOne));
const integer = (name: string, short: string, help: string) => value(name, short, 'int', help, integerFlag('int'));
const duration = (name: string, help: string) => value(name, '', 'duration', help, durationFlag);
const hiddenAs = (flag: FlagDef, name: string): FlagDef => ({ ...flag, name, as: flag.name, hidden: true });

/** For daemons on Windows only: refused. */
const onWindows = (flag: FlagDef): FlagDef => ({ ...flag, windows: true, hidden: true });

function addressFlag(text: string): string {
	if (isAddress(text)) return text;
	throw new EngineError('invalid_argument', `failed to parse IP: ${JSON.stringify(text)}`);
}

function dnsFlag(text: string): string {
	if (isAddress(text.trim())) return text.trim();
	throw new EngineError('invalid_argument', `IP address is not correctly formatted: ${text}`);
}

function dnsSearchFlag(text: string): string {
	const domain = text.trim();
	if (domain === '.') return domain;
	const label = '[a-zA-Z0-9_]([a-zA-Z0-9_-]*[a-zA-Z0-9_])?';
	if (new RegExp(`^${label}(\\.${label})*\\.?$`).test(domain)) return domain;
	throw new EngineError('invalid_argument', `${text} is not a valid domain`);
}

function streamFlag(text: string): string {
	const name = text.toLowerCase();
	if (name === 'stdin' || name === 'stdout' || name === 'stderr') return name;
	throw new EngineError('invalid_argument', 'valid streams are STDIN, STDOUT and STDERR');
}

const network = {
	...value(
		'network',
		'',
		'network',
		'Network to connect to, with options: name=NAME,alias=…,ip=…',
		checkedBy(parseNetwork),
	),
	kind: 'list' as const,
};
const networkAlias = list('network-alias', '', 'Another name of the container on its network');
const dnsOption = list('dns-option', '', 'Option for the resolver');

const processFlags: readonly FlagDef[] = [
	list('attach', 'a', 'Attach to STDIN, STDOUT or STDERR', streamFlag),
	string('entrypoint', '', 'Replace the entrypoint of the image'),
	list('env', 'e', 'Set an environment variable: NAME=VALUE, or NAME to pass ours on', envFlag),
	list('env-file', '', 'Read environment variables from a file'),
	list('group-add', '', 'Add a group to those of the process'),
	string('hostname', 'h', 'Host name of the container'),
	string('domainname', '', 'NIS domain name of the container'),
	bool('init', '', 'Run an init that forwards signals and reaps processes'),
	bool('interactive', 'i', 'Keep standard input open'),
	bool('tty', 't', 'Give the container a terminal'),
	string('user', 'u', 'User and group to run as: NAME|UID[:GROUP|GID]'),
	string('workdir', 'w', 'Working directory in the container'),
	string('stop-signal', '', 'Signal that stops the container'),
	integer('stop-timeout', '', 'Seconds that a stop waits before it kills'),
	list('label', 'l', 'Set a label', labelFlag),
	list('label-file', '', 'Read labels from a file'),
	{ ...list('annotation', '', 'Annotation for the OCI runtime', pairFlag), type: 'map' },
	string('name', '', 'Name of the container'),
	string('cidfile', '', 'Write the id of the container to this file'),
	string('platform', '', 'Platform of the image: os/arch[/variant]'),
	string('pull', '', 'Pull the image first: always, missing, never', 'missing'),
	bool('quiet', 'q', 'Show no progress of the pull'),
	bool('rm', '', 'Remove the container and its anonymous volumes when it ends'),
	string('restart', '', 'When to start again: no, always, unless-stopped, on-failure[:COUNT]', 'no'),
];

const networkFlags: readonly FlagDef[] = [
	list('add-host', '', 'Add a line to /etc/hosts: HOST:IP', hostFlag),
	list('dns', '', 'DNS server', dnsFlag),
	dnsOption,
	hiddenAs(dnsOption, 'dns-opt'),
	list('dns-search', '', 'DNS search domain', dnsSearchFlag),
	list('expose', '', 'Declare a port or a range of them as used'),
	value('ip', '', 'string', 'IPv4 address of the container', addressFlag),
	value('ip6', '', 'string', 'IPv6 address of the container', addressFlag),
	list('link', '', 'Link to another container: NAME[:ALIAS]'),
	list('link-local-ip', '', 'Link-local address of the container', addressFlag),
	string('mac-address', '', 'MAC address of the container'),
	network,
	hiddenAs(network, 'net'),
	networkAlias,
	hiddenAs(networkAlias, 'net-alias'),
	list('publish', 'p', 'Publish a port: [IP:][HOST:]CONTAINER[/PROTOCOL]'),
	bool('publish-all', 'P', 'Publish all exposed ports on free ports of the host'),
];

const storageFlags: readonly FlagDef[] = [
	{
		...value(
			'mount',
			'',
			'mount',
			'Mount: type=bind|volume|tmpfs,source=…,target=…',
			checkedBy((text) => parseMount(text, '/')),
		),
		kind: 'list',
	},
	bool('read-only', '', 'Make the root file system read-only'),
	list('storage-opt', '', 'Option of the storage driver', pairFlag),
	list('tmpfs', '', 'Mount a tmpfs: PATH[:OPTIONS]'),
	list('volume', 'v', 'Mount a path or volume: [SOURCE:]TARGET[:OPTIONS]'),
	string('volume-driver', '', 'Driver of the volumes made for the container'),
	list('volumes-from', '', 'Mount the volumes of another container'),
];

const isolationFlags: readonly FlagDef[] = [
	list('cap-add', '', 'Add a capability'),
	list('cap-drop', '', 'Drop a capability'),
	string('cgroup-parent', '', 'Parent of the cgroup of the container'),
	string('cgroupns', '', 'Cgroup namespace: host or private'),
	list('device', '', 'Give a device of the host: HOST[:CONTAINER][:rwm]'),
	list('device-cgroup-rule', '', 'Rule for the devices that may be used', deviceRuleFlag),
	value('gpus', '', 'gpu-request', 'GPUs to give: all, a count, or device=…', checkedBy(parseGpus)),
	string('ipc', '', 'IPC namespace'),
	string('isolation', '', 'Isolation technology'),
	string('pid', '', 'PID namespace'),
	bool('privileged', '', 'Give all privileges of the daemon'),
	string('runtime', '', 'OCI runtime'),
	list('security-opt', '', 'Security option: seccomp=…, no-new-privileges …'),
	{ ...list('sysctl', '', 'Kernel parameter of the namespaces', sysctlFlag), type: 'map' },
	string('userns', '', 'User namespace'),
	string('uts', '', 'UTS namespace'),
	{ ...bool('use-api-socket', '', 'Not supported'), hidden: true },
];

const resourceFlags: readonly FlagDef[] = [
	value('blkio-weight', '', 'uint16', 'Relative weight of block I/O, 10 to 1000, or 0', integerFlag('uint16')),
	list('blkio-weight-device', '', 'Relative weight of block I/O of a device', checkedBy(parseWeightDevice)),
	onWindows(integer('cpu-count', '', 'Number of CPUs')),
	onWindows(integer('cpu-percent', '', 'Percent of CPU')),
	integer('cpu-period', '', 'Period of the CPU quota, in microseconds'),
	integer('cpu-quota', '', 'CPU time per period, in microseconds'),
	integer('cpu-rt-period', '', 'Period of the real-time quota, in microseconds'),
	integer('cpu-rt-runtime', '', 'Real-time CPU time per period, in microseconds'),
	integer('cpu-shares', 'c', 'Relative weight of CPU time'),
	value('cpus', '', 'decimal', 'Number of CPUs', cpusFlag),
	string('cpuset-cpus', '', 'CPUs to run on: 0-3, 0,1'),
	string('cpuset-mems', '', 'Memory nodes to use: 0-3, 0,1'),
	list(
		'device-read-bps',
		'',
		'Limit of reading from a device, in bytes a second',
		checkedBy((v) => parseThrottle(v, true)),
	),
	list(
		'device-read-iops',
		'',
		'Limit of reading from a device, in operations a second',
		checkedBy((v) => parseThrottle(v, false)),
	),
	list(
		'device-write-bps',
		'',
		'Limit of writing to a device, in bytes a second',
		checkedBy((v) => parseThrottle(v, true)),
	),
	list(
		'device-write-iops',
		'',
		'Limit of writing to a device, in operations a second',
		checkedBy((v) => parseThrottle(v, false)),
	),
	onWindows(bytes('io-maxbandwidth', '', 'Limit of system disk bandwidth')),
	onWindows(value('io-maxiops', '', 'uint', 'Limit of system disk operations', integerFlag('uint64'))),
	bytes('memory', 'm', 'Limit of memory'),
	bytes('memory-reservation', '', 'Soft limit of memory'),
	bytes('memory-swap', '', 'Limit of memory and swap together; -1: no limit of swap', true),
	{ ...integer('memory-swappiness', '', 'Swappiness, 0 to 100'), default: '-1' },
	bool('oom-kill-disable', '', 'Do not kill when memory runs out'),
	integer('oom-score-adj', '', 'Preference of the OOM killer, -1000 to 1000'),
	integer('pids-limit', '', 'Limit of processes; -1: none'),
	bytes('shm-size', '', 'Size of /dev/shm'),
	{ ...value('ulimit', '', 'ulimit', 'Resource limit: NAME=SOFT[:HARD]', checkedBy(parseUlimit)), kind: 'list' },
];

const updatable = new Set([
	...['blkio-weight', 'cpu-period', 'cpu-quota', 'cpu-rt-period', 'cpu-rt-runtime', 'cpu-shares', 'cpus'],
	...['cpuset-cpus', 'cpuset-mems', 'memory', 'memory-reservation', 'memory-swap', 'pids-limit'],
]);

/** The limits that `update` changes. */
export const updateFlags: readonly FlagDef[] = resourceFlags.filter((flag) => updatable.has(flag.name));

const observationFlags: readonly FlagDef[] = [
	string('health-cmd', '', 'Command that tells whether the container is healthy'),
	duration('health-interval', 'Time between two checks'),
	integer('health-retries', '', 'Failures in a row that make it unhealthy'),
	duration('health-start-interval', 'Time between two checks while it starts'),
	duration('health-start-period', 'Time to start, in which failures do not count'),
	duration('health-timeout', 'Longest time of a check'),
	bool('no-healthcheck', '', 'Do not run the health check of the image'),
	bool('restart-unhealthy', '', 'Restart the container when it becomes unhealthy'),
	string('log-driver', '', 'Driver of the log'),
	list('log-opt', '', 'Option of the log driver', pairFlag),
];

/** The flags that `create` and `run` share. */
export const createFlags: readonly FlagDef[] = [
	...processFlags,
	...networkFlags,
	...storageFlags,
	...isolationFlags,
	...resourceFlags,
	...observationFlags,
];
