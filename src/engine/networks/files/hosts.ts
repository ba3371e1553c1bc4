import { EngineError } from '../../../errors.ts';

/** What goes into a container's hosts file. */
export interface HostsEntries {
	readonly hostname: string;
	readonly domainname: string;
	/** The container's own addresses. */
	readonly addresses: readonly string[];
	/** `name:address`; the address may be `host-gateway`. */
	readonly extraHosts: readonly string[];
	/** Further lines. */
	readonly linkedHosts?: readonly string[];
	/** What `host-gateway` stands for; null where there is no such thing. */
	readonly hostGateway: string | null;
}

const fixedLines = [
	'127.0.0.1\tlocalhost',
	'::1\tlocalhost ip6-localhost ip6-loopback',
	'fe00::\tip6-localnet',
	'ff00::\tip6-mcastprefix',
	'ff02::1\tip6-allnodes',
	'ff02::2\tip6-allrouters',
];

/** `name:address` (or `name=address`) → both. @throws `invalid_argument` */
export function parseExtraHost(text: string): { readonly name: string; readonly address: string } {
	const at = text.search(/[:=]/);
	const name = text.slice(0, Math.max(0, at));
	const address = text.slice(at + 1).replace(/^\[(.*)\]$/, '$1');
	if (name === '' || address === '' || /\s/.test(text)) {
		throw new EngineError('invalid_argument', `bad format for add-host: "${text}"`);
	}
	if (address !== 'host-gateway' && !/^(\d{1,3}(\.\d{1,3}){3}|[0-9a-fA-F:.]*:[0-9a-fA-F:.%]*)$/.test(address)) {
		throw new EngineError('invalid_argument', `invalid IP address in add-host: "${address}"`);
	}
	return { name, address };
}

/** The lines of the extra hosts. @throws `invalid_argument` */
export function extraHostLines(extraHosts: readonly string[], hostGateway: string | null): readonly string[] {
	return extraHosts.map((text) => {
		const { name, address } = parseExtraHost(text);
		if (address !== 'host-gateway') return `${address}\t${name}`;
		if (hostGateway === null) {
			throw new EngineError('invalid_argument', 'unable to derive the IP value for host-gateway');
		}
		return `${hostGateway}\t${name}`;
	});
}

/** The file's text. @throws `invalid_argument` for an extra host that makes no sense. */
export function renderHosts(entries: HostsEntries): string {
	const names =
		entries.domainname === '' ? entries.hostname : `${entries.hostname}.${entries.domainname} ${entries.hostname}`;
	const own = entries.hostname === '' ? [] : entries.addresses.map((address) => `${address}\t${names}`);
	const extra = extraHostLines(entries.extraHosts, entries.hostGateway);
	return `${[...fixedLines, ...extra, ...(entries.linkedHosts ?? []), ...own].join('\n')}\n`;
}
