import { EngineError } from '../errors.ts';

/** Files and rules for TLS; contents are read when connecting. */
export interface TlsFiles {
	readonly ca: string;
	readonly cert: string;
	readonly key: string;
	/** False: encrypt without checking who answers. */
	readonly verify: boolean;
}

/** Where a daemon listens. `text` is the host as given, for messages. */
export type Endpoint =
	| { readonly kind: 'unix'; readonly path: string; readonly text: string }
	| {
			readonly kind: 'tcp';
			readonly hostname: string;
			readonly port: number;
			/** What stands before `/v1.51/…`, without a slash at the end. */
			readonly basePath: string;
			readonly tls: TlsFiles | null;
			readonly text: string;
	  }
	| SshEndpoint;

/** A daemon at the other end of an ssh login. */
export interface SshEndpoint {
	readonly kind: 'ssh';
	/** '' for the one that ssh takes. */
	readonly user: string;
	readonly hostname: string;
	/** '' for the one that ssh takes. */
	readonly port: string;
	/** The daemon's unix socket there; '' for the default one. */
	readonly socketPath: string;
	readonly text: string;
}

export const defaultHost = 'unix:///run/gantry.sock';

const defaultPort = { plain: 2375, tls: 2376 } as const;

/**
 * Parses `unix:///path`, `tcp://host:port[/path]`, `http://…`, `https://…` and `ssh://[user@]host[:port][/socket]`.
 * @throws EngineError `invalid_argument` for anything that is not one, `unsupported` for `fd://` and `npipe://`.
 */
export function parseEndpoint(text: string, tls: TlsFiles | null): Endpoint {
	const host = text.trim();
	const match = /^([a-z]+):\/\/(.*)$/.exec(host);
	const scheme = match?.[1];
	const rest = match?.[2] ?? '';
	switch (scheme) {
		case 'unix':
			return { kind: 'unix', path: rest === '' ? defaultHost.slice('unix://'.length) : rest, text: host };
		case 'tcp':
		case 'http':
		case 'https':
			return parseTcp(host, rest, scheme === 'https' ? (tls ?? systemTrust) : scheme === 'http' ? null : tls);
		case 'ssh':
			return parseSsh(host, rest);
		case 'npipe':
			throw new EngineError('unsupported', 'protocol not available');
		case 'fd':
			if (rest === '') throw new EngineError('invalid_argument', `unable to parse docker host \`${text}\``);
			throw new EngineError('unsupported', `the fd:// transport is for daemons: use unix://, tcp:// or ssh://`);
		case undefined:
			throw new EngineError('invalid_argument', `unable to parse docker host \`${text}\``);
		default:
			throw new EngineError('invalid_argument', `invalid bind address format: ${text}`);
	}
}

/** HTTPS without files of its own: the certificate authorities of the system. */
const systemTrust: TlsFiles = { ca: '', cert: '', key: '', verify: true };

function parseTcp(text: string, rest: string, tls: TlsFiles | null): Endpoint {
	const slash = rest.indexOf('/');
	const address = slash < 0 ? rest : rest.slice(0, slash);
	const basePath = slash < 0 ? '' : rest.slice(slash).replace(/\/+$/, '');
	const match = /^(\[[0-9a-fA-F:.%]+\]|[^:[\]]*)(?::(\d{1,5}))?$/.exec(address);
	const port = match?.[2] === undefined ? (tls === null ? defaultPort.plain : defaultPort.tls) : Number(match[2]);
	if (match === null || port < 1 || port > 65535) {
		throw new EngineError('invalid_argument', `invalid bind address (${text}): should be tcp://host:port`);
	}
	const hostname = (match[1] ?? '').replace(/^\[(.*)\]$/, '$1');
	return { kind: 'tcp', hostname: hostname === '' ? '127.0.0.1' : hostname, port, basePath, tls, text };
}

function parseSsh(text: string, rest: string): SshEndpoint {
	const wrong = (why: string) =>
		new EngineError('invalid_argument', `ssh host connection is not valid: invalid SSH URL: ${why}`);
	if (rest.includes('?')) {
		throw wrong(`query parameters are not allowed: ${JSON.stringify(rest.slice(rest.indexOf('?') + 1))}`);
	}
	if (rest.includes('#'))
		throw wrong(`fragments are not allowed: ${JSON.stringify(rest.slice(rest.indexOf('#') + 1))}`);
	const [, login, address = '', socketPath = ''] = /^(?:([^@/]*)@)?([^/]*)(\/.*)?$/.exec(rest) ?? [];
	if (login?.includes(':') === true) throw wrong('plain-text password is not supported');
	const match = /^(\[[0-9a-fA-F:.%]+\]|[^:[\]\s]+)(?::(\d{1,5}))?$/.exec(address);
	if (match === null)
		throw wrong(
			address === '' || address.startsWith(':') ? 'hostname is empty' : `bad host ${JSON.stringify(address)}`,
		);
	const hostname = (match[1] ?? '').replace(/^\[(.*)\]$/, '$1');
	const path = socketPath === '/' ? '' : decodePath(socketPath);
	if (path === null) throw wrong(`bad path ${JSON.stringify(socketPath)}`);
	return { kind: 'ssh', user: login ?? '', hostname, port: match[2] ?? '', socketPath: path, text };
}

function decodePath(path: string): string | null {
	try {
		return decodeURIComponent(path);
	} catch (error) {
		if (error instanceof URIError) return null;
		throw error;
	}
}
