import { EngineError } from '../errors.ts';
import type { Reference } from '../oci/reference.ts';
import type { ConfigFile } from './config-file.ts';

const hubKey = 'https://index.docker.io/v1/';

interface Credentials {
	readonly username: string;
	readonly password: string;
	readonly identitytoken?: string;
}

/** The X-Registry-Auth header for a registry, from the user's configuration; '' when there is nothing to say. */
export async function registryAuth(config: ConfigFile, reference: Reference): Promise<string> {
	const key = reference.domain === 'docker.io' ? hubKey : reference.domain;
	const helper = config.credHelpers?.[key] ?? config.credsStore ?? '';
	const found = helper === '' ? fromFile(config, key) : ((await fromHelper(helper, key)) ?? fromFile(config, key));
	if (found === null) return '';
	return Buffer.from(JSON.stringify({ ...found, serveraddress: key }))
		.toString('base64')
		.replaceAll('+', '-')
		.replaceAll('/', '_');
}

function fromFile(config: ConfigFile, key: string): Credentials | null {
	const wanted = hostOf(key);
	const entry =
		config.auths?.[key] ?? Object.entries(config.auths ?? {}).find(([name]) => hostOf(name) === wanted)?.[1];
	if (entry === undefined) return null;
	const text = Buffer.from(entry.auth ?? '', 'base64').toString();
	const colon = text.indexOf(':');
	return {
		username: text.slice(0, Math.max(0, colon)),
		password: colon < 0 ? '' : text.slice(colon + 1).replace(/\0+$/, ''),
		...(entry.identitytoken === undefined ? {} : { identitytoken: entry.identitytoken }),
	};
}

function hostOf(address: string): string {
	return address.replace(/^https?:\/\//, '').split('/')[0] ?? '';
}

/** Asks `docker-credential-HELPER get`; null when it knows nothing. */
async function fromHelper(helper: string, key: string): Promise<Credentials | null> {
	const program = `docker-credential-${helper}`;
	if (Bun.which(program) === null) {
		throw new EngineError(
			'not_found',
			`error getting credentials - exec: "${program}": executable file not found in $PATH`,
		);
	}
	const child = Bun.spawn([program, 'get'], { stdin: new TextEncoder().encode(key), stdout: 'pipe', stderr: 'ignore' });
	const [output, code] = await Promise.all([child.stdout.text(), child.exited]);
	if (code !== 0) {
		if (output.includes('credentials not found')) return null;
		throw new EngineError(
			'unauthorized',
			`error getting credentials - err: exit status ${code}, out: \`${output.trim()}\``,
		);
	}
	const { Username = '', Secret = '' } = JSON.parse(output) as { Username?: string; Secret?: string };
	return Username === '<token>'
		? { username: '', password: '', identitytoken: Secret }
		: { username: Username, password: Secret };
}
