import { readFile } from 'node:fs/promises';
import { parseEndpoint } from '../../client/endpoint.ts';
import { EngineError, messageOf } from '../../errors.ts';
import { type FlagDef, list } from '../command.ts';
import type { ContextStore, TlsMaterial } from './store.ts';
import { type DockerEndpoint, dockerEndpointOf } from './stored-context.ts';

/** The Docker endpoint that `--docker` describes, with its TLS files. */
export interface EndpointChoice {
	readonly endpoint: DockerEndpoint;
	readonly tls: TlsMaterial;
}

const keys = ['from', 'host', 'ca', 'cert', 'key', 'skip-tls-verify'];

/** The flag `--docker`: `host=tcp://server:2376,ca=…,cert=…,key=…`. */
export const dockerFlag: FlagDef = {
	...list(
		'docker',
		'',
		'Where the daemon is, as KEY=VALUE pairs with commas between:\n' +
			'from=CONTEXT (what that context has), host=ADDRESS,\n' +
			'ca=FILE, cert=FILE, key=FILE, skip-tls-verify=true',
		(text) => {
			if (text === '') throw new EngineError('invalid_argument', ' must be formatted as key=value');
			for (const pair of commaList(text)) {
				if (!pair.includes('=')) {
					throw new EngineError('invalid_argument', `${pair} must be formatted as key=value`);
				}
			}
			return text;
		},
	),
	type: 'stringToString',
};

/** One line of comma separated values; a value may stand in double quotes. */
function commaList(text: string): string[] {
	const fields = text.match(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g) ?? [];
	return fields.slice(0, text === '' ? 0 : text.endsWith(',') ? undefined : -1).map((field) =>
		field
			.replace(/,$/, '')
			.replace(/^"(.*)"$/, '$1')
			.replaceAll('""', '"'),
	);
}

/** Reads `--docker`. `current`: the endpoint of a context by name. @throws EngineError with what is wrong */
export async function readEndpoint(
	values: readonly string[],
	store: ContextStore,
	defaultEndpoint: () => Promise<EndpointChoice>,
): Promise<EndpointChoice> {
	const options = new Map<string, string>();
	for (const pair of values.flatMap(commaList)) {
		const equals = pair.indexOf('=');
		options.set(pair.slice(0, equals), pair.slice(equals + 1));
	}
	try {
		return await fromOptions(options, store, defaultEndpoint);
	} catch (error) {
		if (!(error instanceof EngineError)) throw error;
		throw new EngineError(error.code, `unable to create docker endpoint config: ${error.message}`, { cause: error });
	}
}

async function fromOptions(
	options: ReadonlyMap<string, string>,
	store: ContextStore,
	defaultEndpoint: () => Promise<EndpointChoice>,
): Promise<EndpointChoice> {
	const unknown = [...options.keys()].filter((key) => !keys.includes(key)).sort();
	if (unknown.length > 0) throw wrong(unknown.map((key) => `unrecognized config key: ${key}`).join('\n'));
	const from = options.get('from');
	if (from !== undefined && from !== '') {
		return from === 'default' ? defaultEndpoint() : endpointOfContext(store, from);
	}
	const skipTlsVerify = parseSwitch(options.get('skip-tls-verify') ?? '');
	const tls = await readTlsFiles(options);
	const host = options.get('host') ?? '';
	await checkTls(tls);
	checkHost(host);
	return { endpoint: { host, skipTlsVerify }, tls: new Map(tls.size === 0 ? [] : [['docker', tls]]) };
}

/** The Docker endpoint of a stored context and its TLS files. @throws EngineError */
export async function endpointOfContext(store: ContextStore, name: string): Promise<EndpointChoice> {
	const endpoint = dockerEndpointOf(await store.read(name));
	const docker = (await store.readTls(name)).get('docker');
	return { endpoint, tls: new Map(docker === undefined ? [] : [['docker', docker]]) };
}

const switches: Readonly<Record<string, boolean>> = {
	'': false,
	1: true,
	t: true,
	true: true,
	0: false,
	f: false,
	false: false,
};

function parseSwitch(text: string): boolean {
	const value = switches[/^(T|F|TRUE|FALSE|True|False)$/.test(text) ? text.toLowerCase() : text];
	if (value === undefined) throw wrong(`skip-tls-verify: parsing ${JSON.stringify(text)}: invalid syntax`);
	return value;
}

async function readTlsFiles(options: ReadonlyMap<string, string>): Promise<Map<string, Uint8Array>> {
	const files = new Map<string, Uint8Array>();
	for (const kind of ['ca', 'cert', 'key']) {
		const path = options.get(kind) ?? '';
		if (path === '') continue;
		files.set(`${kind}.pem`, await readFileOf(path));
	}
	return files;
}

async function readFileOf(path: string): Promise<Uint8Array> {
	try {
		return await readFile(path);
	} catch (error) {
		const code = error instanceof Error && 'code' in error ? error.code : '';
		const why =
			code === 'ENOENT' ? 'no such file or directory' : code === 'EACCES' ? 'permission denied' : messageOf(error);
		throw new EngineError('invalid_argument', `open ${path}: ${why}`, { cause: error });
	}
}

/** A host must be an address that a client can parse; what it stands for shows when it is used. */
function checkHost(host: string): void {
	if (host === '') return;
	if (/^npipe:/.test(host)) throw wrong('unable to apply docker endpoint options: protocol not available');
	if (!/^[^:/]+:\/\/./.test(host)) {
		throw wrong(`unable to apply docker endpoint options: unable to parse docker host \`${host}\``);
	}
	if (!host.startsWith('ssh://')) return;
	try {
		parseEndpoint(host, null);
	} catch (error) {
		throw wrong(`invalid docker endpoint options: ${messageOf(error)}`);
	}
}

async function checkTls(files: ReadonlyMap<string, Uint8Array>): Promise<void> {
	const fail = (why: string) => wrong(`invalid docker endpoint options: failed to retrieve context tls info: ${why}`);
	const text = (name: string) => new TextDecoder().decode(files.get(name) ?? new Uint8Array(0));
	if (files.has('ca.pem') && !/-----BEGIN CERTIFICATE-----/.test(text('ca.pem'))) throw fail('ca.pem seems invalid');
	if (!files.has('cert.pem') || !files.has('key.pem')) return;
	const { createPrivateKey, X509Certificate } = await import('node:crypto');
	try {
		const certificate = new X509Certificate(text('cert.pem'));
		if (!certificate.checkPrivateKey(createPrivateKey(text('key.pem')))) {
			throw fail('tls: private key does not match public key');
		}
	} catch (error) {
		if (error instanceof EngineError) throw error;
		if (/PRIVATE KEY-----/.test(text('cert.pem'))) {
			const why = 'but did find a private key; PEM inputs may have been switched';
			throw fail(`tls: failed to find certificate PEM data in certificate input, ${why}`);
		}
		throw fail(`tls: ${messageOf(error)}`);
	}
}

function wrong(message: string): EngineError {
	return new EngineError('invalid_argument', message);
}
