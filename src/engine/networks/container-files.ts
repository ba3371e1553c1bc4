import { readFileSync } from 'node:fs';
import { EngineError, wrap } from '../../errors.ts';
import type { Sandbox, SandboxRequest } from '../containers/ports.ts';
import { extraHostLines, renderHosts } from './files/hosts.ts';
import { isResolvedStub, renderResolvConf } from './files/resolv-conf.ts';

/** Where the host keeps what containers inherit. */
export interface HostFiles {
	readonly hosts: string;
	readonly resolvConf: string;
	/** systemd-resolved's real servers. */
	readonly resolvedResolvConf: string;
}

/** The usual places. */
export const hostFiles: HostFiles = {
	hosts: '/etc/hosts',
	resolvConf: '/etc/resolv.conf',
	resolvedResolvConf: '/run/systemd/resolve/resolv.conf',
};

/** A file of the host, `''` when it has none. */
function readOrEmpty(path: string): string {
	try {
		return readFileSync(path, 'utf8');
	} catch (error) {
		if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
		throw wrap(error, 'read', path);
	}
}

function hostResolvConf(from: HostFiles, isolated: boolean): string {
	const text = readOrEmpty(from.resolvConf);
	return isolated && isResolvedStub(text) ? readOrEmpty(from.resolvedResolvConf) : text;
}

/**
 * The files of a container with a network stack of its own (`isolated`), or in the host's.
 * @throws `invalid_argument` for an extra host that makes no sense.
 */
export function renderFiles(
	request: SandboxRequest,
	place: { readonly isolated: boolean; readonly addresses: readonly string[]; readonly hostGateway: string | null },
	from: HostFiles,
): Sandbox['files'] {
	const { isolated, hostGateway } = place;
	const hosts = isolated
		? renderHosts({ ...request, ...place })
		: [
				readOrEmpty(from.hosts).replace(/\n?$/, '\n'),
				...extraHostLines(request.extraHosts, hostGateway).map((line) => `${line}\n`),
			].join('');
	return {
		hosts,
		resolvConf: renderResolvConf(hostResolvConf(from, isolated), request, isolated),
		hostname: `${request.hostname}\n`,
	};
}

/** The files of the container whose network is shared. @throws `unavailable` when they cannot be read. */
export function copyFiles(paths: Sandbox['files']): Sandbox['files'] {
	const copy = (path: string): string => {
		try {
			return readFileSync(path, 'utf8');
		} catch (error) {
			throw new EngineError('unavailable', wrap(error, 'read', path).message, { cause: error });
		}
	};
	return { hosts: copy(paths.hosts), resolvConf: copy(paths.resolvConf), hostname: copy(paths.hostname) };
}
