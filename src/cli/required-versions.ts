import { compareVersions } from '../client/client.ts';
import { EngineError } from '../errors.ts';
import type { CommandDef, Context } from './command.ts';
import type { Flags } from './flags.ts';

type Versions = Readonly<Record<string, string>>;

const limits: Versions = { 'cpu-rt-period': '1.25', 'cpu-rt-runtime': '1.25' };
const creation: Versions = {
	...limits,
	annotation: '1.43',
	cgroupns: '1.41',
	cpus: '1.25',
	gpus: '1.40',
	'health-start-interval': '1.44',
	'health-start-period': '1.29',
	init: '1.25',
	platform: '1.32',
	'stop-timeout': '1.25',
};

/** The API version from which on a daemon understands a command (under '') or one of its flags. */
const required: Readonly<Record<string, Versions>> = {
	'builder prune': { '': '1.39' },
	'container create': creation,
	'container exec': { env: '1.25', 'env-file': '1.25', workdir: '1.35' },
	'container logs': { until: '1.35' },
	'container prune': { '': '1.25' },
	'container run': creation,
	'container update': { ...limits, cpus: '1.29', 'pids-limit': '1.40' },
	'image history': { platform: '1.48' },
	'image import': { platform: '1.32' },
	'image inspect': { platform: '1.49' },
	'image load': { platform: '1.48' },
	'image ls': { tree: '1.47' },
	'image prune': { '': '1.25' },
	'image pull': { platform: '1.32' },
	'image push': { platform: '1.46' },
	'image rm': { platform: '1.50' },
	'image save': { platform: '1.48' },
	'network prune': { '': '1.25' },
	'system df': { '': '1.25' },
	'system prune': { '': '1.25' },
	'volume prune': { '': '1.25' },
	'volume update': { '': '1.42' },
};

/**
 * What an older daemon would not understand of a command line, one a line; '' when it understands all.
 * `canonical`: the name within its group; `shown`: the name as it was called.
 */
export async function tooNew(
	context: Context,
	canonical: string,
	shown: string,
	def: CommandDef,
	flags: Flags,
): Promise<string> {
	const versions = required[canonical] ?? {};
	const given = def.flags.map(({ name }) => name).filter((name) => name in versions && flags.changed(name));
	if (given.length === 0 && versions[''] === undefined) return '';
	const client = await context.client();
	try {
		await client.negotiate();
	} catch (error) {
		// A daemon that does not answer is the command's own error.
		if (error instanceof EngineError) return '';
		throw error;
	}
	const theirs = client.apiVersion;
	const lacks = (name: string) => compareVersions(theirs, versions[name] ?? '0') < 0;
	const say = (what: string, name: string) =>
		`${what} requires API version ${versions[name]}, but the Gantry daemon API version is ${theirs}`;
	if (lacks('')) return say(shown, '');
	return given
		.filter(lacks)
		.sort()
		.map((name) => say(`"--${name}"`, name))
		.join('\n');
}
