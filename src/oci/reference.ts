import { EngineError } from '../errors.ts';
import { type Digest, isDigest, parseDigest } from './digest.ts';

/**
 * A parsed image reference, normalised: `alpine` has the domain `docker.io` and the path `library/alpine`.
 * Grammar: distribution, reference package; names: Docker's familiar forms.
 */
export interface Reference {
	/** Registry host, with port if any; IPv6 hosts in brackets. */
	readonly domain: string;
	/** Repository within the registry, e.g. `library/alpine`. */
	readonly path: string;
	readonly tag?: string;
	readonly digest?: Digest;
}

const defaultDomain = 'docker.io';
const officialPrefix = 'library/';
/** Longest path of a repository, in characters. */
const maxPathLength = 255;

const pathComponent = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const domainComponent = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const domain = `(?:${domainComponent}(?:\\.${domainComponent})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const tag = '[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}';
const digest = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}';
const referencePattern = new RegExp(
	`^(${domain})/(${pathComponent}(?:/${pathComponent})*)(?::(${tag}))?(?:@(${digest}))?$`,
);
const tagPattern = new RegExp(`^${tag}$`);

/** Longer than any reference can be: refused before the pattern sees it. */
const maxTextLength = 1024;

/**
 * Parses what people write (`alpine`, `host:5000/web:1`, `web@sha256:…`).
 * @throws EngineError `invalid_argument`: `invalid reference format` and what Docker adds to it.
 */
export function parseReference(text: string): Reference {
	if (/^[a-f0-9]{64}$/.test(text)) {
		throw invalid(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`);
	}
	if (text.length > maxTextLength) throw invalid('invalid reference format');
	const [host, remainder] = splitDomain(text);
	const colon = remainder.indexOf(':');
	const repository = colon < 0 ? remainder : remainder.slice(0, colon);
	if (repository !== repository.toLowerCase()) {
		throw invalid(`invalid reference format: repository name (${repository}) must be lowercase`);
	}
	const match = referencePattern.exec(`${host}/${remainder}`);
	const [, matchedDomain, path, matchedTag, matchedDigest] = match ?? [];
	if (matchedDomain === undefined || path === undefined) throw invalid('invalid reference format');
	if (path.length > maxPathLength) {
		throw invalid('invalid reference format: repository name must not be more than 255 characters');
	}
	return {
		domain: matchedDomain,
		path,
		...(matchedTag === undefined ? {} : { tag: matchedTag }),
		...(matchedDigest === undefined ? {} : { digest: checkDigest(matchedDigest) }),
	};
}

/** The part before the first slash is a host when it looks like one: has a dot, a colon, upper case, or is `localhost`. */
function splitDomain(text: string): [string, string] {
	const slash = text.indexOf('/');
	const first = text.slice(0, Math.max(slash, 0));
	const isHost = slash >= 0 && (/[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase());
	let host = isHost ? first : defaultDomain;
	let remainder = isHost ? text.slice(slash + 1) : text;
	if (host === 'index.docker.io') host = defaultDomain;
	if (host === defaultDomain && !remainder.includes('/')) remainder = officialPrefix + remainder;
	return [host, remainder];
}

function checkDigest(text: string): Digest {
	if (isDigest(text)) return text;
	const algorithm = text.slice(0, text.indexOf(':'));
	if (algorithm !== 'sha256' && algorithm !== 'sha512') throw invalid('unsupported digest algorithm');
	const hex = text.slice(algorithm.length + 1);
	if (hex.length !== (algorithm === 'sha256' ? 64 : 128)) {
		throw invalid('invalid reference format: invalid checksum digest length');
	}
	throw invalid('invalid reference format: invalid checksum digest format');
}

function invalid(message: string): EngineError {
	return new EngineError('invalid_argument', message);
}

/** True for what may stand after the colon. */
export function isTag(text: string): boolean {
	return tagPattern.test(text);
}

/** Domain and path: `docker.io/library/alpine`. */
export function repositoryName(reference: Reference): string {
	return `${reference.domain}/${reference.path}`;
}

/** The whole reference, normalised: `docker.io/library/alpine:3.20`. */
export function printReference(reference: Reference): string {
	return repositoryName(reference) + suffix(reference);
}

/** The repository as people write it: `alpine`, `user/app`, `host:5000/web`. */
export function familiarName(reference: Reference): string {
	if (reference.domain !== defaultDomain) return repositoryName(reference);
	const rest = reference.path.startsWith(officialPrefix) ? reference.path.slice(officialPrefix.length) : '';
	return rest === '' || rest.includes('/') ? reference.path : rest;
}

/** The reference as people write it: `alpine:3.20`. */
export function familiarString(reference: Reference): string {
	return familiarName(reference) + suffix(reference);
}

function suffix(reference: Reference): string {
	const tagPart = reference.tag === undefined ? '' : `:${reference.tag}`;
	return reference.digest === undefined ? tagPart : `${tagPart}@${reference.digest}`;
}

/** With the tag `latest` when it has neither tag nor digest. */
export function withDefaultTag(reference: Reference): Reference {
	return reference.tag === undefined && reference.digest === undefined ? { ...reference, tag: 'latest' } : reference;
}

/** The same repository under this tag. @throws `invalid_argument` for a tag that cannot be. */
export function withTag(reference: Reference, text: string): Reference {
	if (!isTag(text)) throw invalid('invalid tag format');
	return { domain: reference.domain, path: reference.path, tag: text };
}

/** The same repository under this digest. */
export function withDigest(reference: Reference, text: string): Reference {
	return { domain: reference.domain, path: reference.path, digest: parseDigest(text) };
}
