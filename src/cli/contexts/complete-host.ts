import { defaultHost } from '../../client/endpoint.ts';
import { EngineError } from '../../errors.ts';

/**
 * A host as it was typed, with what it left out: the scheme tcp, `localhost`, the port, the path of the socket.
 * @throws EngineError `invalid_argument` for `http://` and `https://`, which only a context may name
 */
export function completeHost(host: string, port: number): string {
	if (host === 'unix://') return defaultHost;
	if (/^https?:\/\//.test(host)) {
		throw new EngineError('invalid_argument', `invalid bind address format: ${host}`);
	}
	const address = host.startsWith('tcp://') ? host.slice('tcp://'.length) : host.includes('://') ? null : host;
	if (address === null) return host;
	const [, name = '', rest = ''] = /^(\[[^\]]*\]|[^:/]*)(.*)$/s.exec(address) ?? [];
	return `tcp://${name === '' ? 'localhost' : name}${rest.startsWith(':') ? '' : `:${port}`}${rest}`;
}
