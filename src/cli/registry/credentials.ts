import { EngineError } from '../../errors.ts';
import type { ConfigFile } from '../config-file.ts';

/** What Docker Hub's credentials are kept under. */
export const hubKey = 'https://index.docker.io/v1/';

/** An account at a registry. */
export interface Account {
	readonly username: string;
	readonly password: string;
	readonly identitytoken?: string;
}

/** Thrown when a helper program cannot do what it is asked. */
export class HelperError extends EngineError {}

/** What credentials for a server are kept under: the host alone, but for Docker Hub. */
export function keyOf(server: string): string {
	if (server === '' || server === 'docker.io' || server === 'index.docker.io') return hubKey;
	return server === hubKey ? hubKey : server.replace(/^https?:\/\//, '').replace(/\/.*$/s, '');
}

/** The helper program that keeps credentials for a server; '' for the file. */
export function helperOf(config: ConfigFile, key: string): string {
	return config.credHelpers?.[key] ?? config.credsStore ?? '';
}

/** Runs `docker-credential-HELPER`. @throws HelperError */
export async function callHelper(helper: string, verb: 'get' | 'store' | 'erase', input: string): Promise<string> {
	const program = `docker-credential-${helper}`;
	if (Bun.which(program) === null) {
		throw new HelperError('not_found', `err: exec: "${program}": executable file not found in $PATH, out: \`\``);
	}
	const child = Bun.spawn([program, verb], {
		stdin: new TextEncoder().encode(input),
		stdout: 'pipe',
		stderr: 'inherit',
	});
	const [output, code] = await Promise.all([child.stdout.text(), child.exited]);
	if (code === 0) return output;
	throw new HelperError('unauthorized', `err: exit status ${code}, out: \`${output.trim()}\``);
}

/** The account that is kept for a server; null: none. @throws HelperError, EngineError */
export async function loadAccount(config: ConfigFile, key: string): Promise<Account | null> {
	const helper = helperOf(config, key);
	if (helper === '') return accountInFile(config, key);
	let output: string;
	try {
		output = await callHelper(helper, 'get', key);
	} catch (error) {
		if (error instanceof HelperError && error.message.includes('credentials not found')) return null;
		throw error;
	}
	const { Username = '', Secret = '' } = JSON.parse(output) as { Username?: string; Secret?: string };
	return Username === '<token>'
		? { username: '', password: '', identitytoken: Secret }
		: { username: Username, password: Secret };
}

function accountInFile(config: ConfigFile, key: string): Account | null {
	const entry = config.auths?.[key];
	if (entry === undefined) return null;
	const text = Buffer.from(entry.auth ?? '', 'base64').toString();
	const colon = text.indexOf(':');
	return {
		username: text.slice(0, Math.max(0, colon)),
		password: colon < 0 ? '' : text.slice(colon + 1).replace(/\0+$/, ''),
		...(entry.identitytoken === undefined ? {} : { identitytoken: entry.identitytoken }),
	};
}

/** Keeps an account. True: unencrypted, in the file itself, where nothing was kept for that server before. @throws HelperError */
export async function storeAccount(
	config: ConfigFile,
	key: string,
	account: Account,
	write: (members: Readonly<Record<string, unknown>>) => Promise<void>,
): Promise<boolean> {
	const helper = helperOf(config, key);
	const { username, password, identitytoken } = account;
	const token = identitytoken === undefined || identitytoken === '' ? undefined : identitytoken;
	if (helper !== '') {
		const secret = { Username: token === undefined ? username : '<token>', Secret: token ?? password };
		await callHelper(helper, 'store', `${JSON.stringify({ ServerURL: key, ...secret })}\n`);
		await write({ auths: sorted({ ...config.auths, [key]: {} }) });
		return false;
	}
	const auth = Buffer.from(`${username}:${token === undefined ? password : ''}`).toString('base64');
	const entry = { auth, ...(token === undefined ? {} : { identitytoken: token }) };
	const isNew = config.auths?.[key]?.auth !== auth;
	await write({ auths: sorted({ ...config.auths, [key]: entry }) });
	return isNew;
}

function sorted(auths: Readonly<Record<string, unknown>>): Record<string, unknown> {
	return Object.fromEntries(Object.entries(auths).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Forgets what is kept under any spelling of a server. Gives what could not be forgotten. */
export async function eraseAccount(
	config: ConfigFile,
	keys: readonly string[],
	write: (members: Readonly<Record<string, unknown>>) => Promise<void>,
): Promise<readonly string[]> {
	const failures: string[] = [];
	for (const key of keys) {
		const helper = helperOf(config, key);
		if (helper === '') continue;
		try {
			await callHelper(helper, 'erase', key);
		} catch (error) {
			if (!(error instanceof HelperError)) throw error;
			failures.push(`${key}: error erasing credentials - ${error.message}`);
		}
	}
	const rest = Object.fromEntries(Object.entries(config.auths ?? {}).filter(([key]) => !keys.includes(key)));
	if (Object.keys(rest).length !== Object.keys(config.auths ?? {}).length) await write({ auths: rest });
	return failures;
}
