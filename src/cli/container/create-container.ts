import { type CreateBody, containersOf } from '../../client/containers.ts';
import { codeOf, EngineError, messageOf } from '../../errors.ts';
import { familiarString, parseReference, type Reference, withDefaultTag } from '../../oci/reference.ts';
import type { Context } from '../command.ts';
import type { ConfigFile, ProxyConfig } from '../config-file.ts';
import type { Flags } from '../flags.ts';
import { buildCreateBody } from '../options/create-body.ts';
import { terminalSize } from '../streams/terminal.ts';

/** Reads the flags of `create` and `run` into a body. @throws EngineError `invalid_argument` */
export async function readCreateFlags(
	context: Context,
	flags: Flags,
	args: readonly string[],
	detach: boolean,
): Promise<CreateBody> {
	const policy = flags.string('pull');
	if (!['always', 'missing', 'never', ''].includes(policy)) {
		throw new EngineError(
			'invalid_argument',
			`invalid pull option: '${policy}': must be one of "always", "missing" or "never"`,
		);
	}
	const size = flags.bool('tty') ? await terminalSize() : null;
	return buildCreateBody(flags, args, {
		env: context.env,
		proxyEnv: proxyEnvironment(await context.config(), await context.client(), flags, context.env),
		folder: process.cwd(),
		consoleSize: size === null ? [0, 0] : [size.rows, size.columns],
		detach,
	});
}

/** HTTP_PROXY and its kin from the configuration, where the command line does not set them. */
function proxyEnvironment(
	config: ConfigFile,
	client: { readonly host: string },
	flags: Flags,
	env: Context['env'],
): string[] {
	const proxy: ProxyConfig = config.proxies?.[client.host] ?? config.proxies?.default ?? {};
	const given = new Set(flags.list('env').map((entry) => entry.split('=')[0]));
	const pairs: readonly (readonly [string, string | undefined])[] = [
		['HTTP_PROXY', proxy.httpProxy],
		['HTTPS_PROXY', proxy.httpsProxy],
		['NO_PROXY', proxy.noProxy],
		['FTP_PROXY', proxy.ftpProxy],
		['ALL_PROXY', proxy.allProxy],
	];
	return pairs
		.flatMap(([name, value]) =>
			value === undefined || value === '' ? [] : [name, name.toLowerCase()].map((n) => [n, value]),
		)
		.filter(([name]) => name !== undefined && !(given.has(name) && env !== undefined))
		.map(([name, value]) => `${name}=${value}`);
}

/**
 * Creates a container, pulling its image as `--pull` says. Warnings go to stderr, the id into `--cidfile`.
 * @throws EngineError
 */
export async function createContainer(context: Context, flags: Flags, body: CreateBody): Promise<string> {
	const policy = flags.string('pull');
	const cidFile = flags.string('cidfile');
	if (cidFile !== '' && (await Bun.file(cidFile).exists())) {
		throw new EngineError(
			'conflict',
			`container ID file found, make sure the other container isn't running or delete ${cidFile}`,
		);
	}
	warnOfLocalDns(context, flags);
	const reference = imageReference(body.Image ?? '');
	if (policy === 'always' && reference !== null) await pull(context, flags, reference);
	const response = await createOrPull(context, flags, body, policy === 'missing' ? reference : null);
	for (const warning of response.Warnings ?? []) context.stderr.write(`WARNING: ${warning}\n`);
	const id = response.Id ?? '';
	if (cidFile !== '') await writeCidFile(cidFile, id);
	return id;
}

async function createOrPull(context: Context, flags: Flags, body: CreateBody, pullable: Reference | null) {
	const containers = containersOf(await context.client());
	const name = flags.string('name') === '' ? undefined : flags.string('name');
	const platform = flags.string('platform') === '' ? undefined : flags.string('platform');
	try {
		return await containers.create(body, name, platform);
	} catch (error) {
		if (codeOf(error) !== 'not_found' || pullable === null || !isMissingImage(error)) throw error;
	}
	if (!flags.bool('quiet')) {
		context.stderr.write(`Unable to find image '${familiarString(pullable)}' locally\n`);
		await context.stderr.flush();
	}
	await pull(context, flags, pullable);
	return containers.create(body, name, platform);
}

function isMissingImage(error: unknown): boolean {
	return /no such image|image .*(not found|was found but its platform)/i.test(messageOf(error));
}

async function pull(context: Context, flags: Flags, reference: Reference): Promise<void> {
	const { pullImage } = await import('../image/pull-image.ts');
	await pullImage(context, reference, flags.string('platform'), flags.bool('quiet') ? null : context.stderr);
}

/** The image's name, normalised; null for an id. @throws EngineError for what is neither. */
function imageReference(image: string): Reference | null {
	if (/^(sha256:)?[0-9a-f]{64}$/.test(image)) return null;
	return withDefaultTag(parseReference(image));
}

function warnOfLocalDns(context: Context, flags: Flags): void {
	const local = flags.list('dns').find((server) => server.startsWith('127.') || server === '::1');
	if (local === undefined) return;
	context.stderr.write(`WARNING: Localhost DNS setting (--dns=${local}) may fail in containers.\n`);
}

async function writeCidFile(path: string, id: string): Promise<void> {
	const { writeFile } = await import('node:fs/promises');
	try {
		await writeFile(path, id, { flag: 'wx' });
	} catch (error) {
		throw new EngineError('internal', `failed to write the container ID (${id}) to file: ${messageOf(error)}`, {
			cause: error,
		});
	}
}
