import type { Context, FlagDef } from '../command.ts';
import { after, type Completion, files, words } from './candidates.ts';
import { namesOf } from './objects.ts';

const signals =
	'HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU'
		.concat(' URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS')
		.split(' ');
const capabilities = (
	'ALL AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND BPF CHECKPOINT_RESTORE CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER ' +
	'FSETID IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE MKNOD NET_ADMIN NET_BIND_SERVICE ' +
	'NET_BROADCAST NET_RAW PERFMON SETFCAP SETGID SETPCAP SETUID SYSLOG SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_MODULE SYS_NICE ' +
	'SYS_PACCT SYS_PTRACE SYS_RAWIO SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG WAKE_ALARM'
).split(' ');
const limits = 'core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'
	.split(' ')
	.map((name) => `${name}=`);

const fixed: Readonly<Record<string, readonly string[]>> = {
	attach: ['stdin', 'stdout', 'stderr'],
	'cap-add': capabilities,
	'cap-drop': capabilities,
	cgroupns: ['host', 'private'],
	isolation: ['default'],
	'log-driver': ['json-file', 'local', 'none', 'journald', 'syslog', 'fluentd', 'gelf'],
	'log-level': ['debug', 'info', 'warn', 'error', 'fatal'],
	pid: ['host', 'container:'],
	ipc: ['host', 'none', 'private', 'shareable', 'container:'],
	platform: [
		'linux/amd64',
		'linux/arm64',
		'linux/arm/v7',
		'linux/386',
		'linux/ppc64le',
		'linux/riscv64',
		'linux/s390x',
	],
	pull: ['always', 'missing', 'never'],
	restart: ['no', 'always', 'on-failure', 'unless-stopped'],
	'security-opt': ['apparmor=', 'label=', 'no-new-privileges', 'seccomp=', 'systempaths=unconfined'],
	signal: signals,
	'stop-signal': signals,
	type: ['container', 'image', 'network', 'volume'],
	ulimit: limits,
	userns: ['host'],
	uts: ['host'],
};

const formats = ['json', 'table', 'table {{', '{{'];

const filterNames: Readonly<Record<string, readonly string[]>> = {
	'container ls':
		'ancestor before expose exited health id is-task isolation label name network publish since status volume'.split(
			' ',
		),
	'container prune': ['label', 'label!', 'until'],
	'image ls': ['before', 'dangling', 'label', 'reference', 'since', 'until'],
	'image prune': ['dangling', 'label', 'label!', 'until'],
	'network ls': ['dangling', 'driver', 'id', 'label', 'name', 'scope', 'type'],
	'network prune': ['label', 'label!', 'until'],
	'system events': ['config', 'container', 'daemon', 'event', 'image', 'label', 'network', 'scope', 'type', 'volume'],
	'system prune': ['label', 'label!', 'until'],
	'volume ls': ['dangling', 'driver', 'label', 'name'],
	'volume prune': ['all', 'label', 'label!'],
};

/** What may stand as the value of a flag. `command`: its name in its group; '' before any command. */
export async function flagValues(context: Context, command: string, flag: FlagDef): Promise<Completion> {
	const name = flag.as ?? flag.name;
	if (name === 'filter') {
		return words(
			(filterNames[command] ?? []).map((one) => `${one}=`),
			after.noSpace | after.nothing,
		);
	}
	if (name === 'format') return words(formats, after.noSpace | after.nothing);
	if (name === 'network') return networks(context);
	if (name === 'volumes-from' || name === 'link') return namesOf(context, 'container');
	if (name === 'volume-driver') return words(['local']);
	if (name === 'context' || (name === 'from' && command === 'context create')) return namesOf(context, 'context');
	if (name === 'env') {
		return words(Object.keys(context.env).sort(), after.nothing);
	}
	// `exec --attach` is no such flag; `start --attach` is a switch.
	const values = fixed[name];
	if (values === undefined) return takesFile.test(name) ? files : { candidates: [], directive: after.nothing };
	const open = values.some((value) => /[=:]$/.test(value));
	return words(values, after.nothing | (open ? after.noSpace : 0));
}

const takesFile =
	/^(cidfile|env-file|label-file|config|tls.*|output|input|volume|mount|device|workdir|docker|host|file|entrypoint)$/;

async function networks(context: Context): Promise<Completion> {
	const found = await namesOf(context, 'network');
	const known = new Set(found.candidates.map(({ value }) => value));
	const modes = ['bridge', 'host', 'none'].filter((mode) => !known.has(mode)).map((value) => ({ value }));
	return { candidates: [...found.candidates, ...modes], directive: after.nothing };
}
