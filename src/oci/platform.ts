import { EngineError } from '../errors.ts';
import type { Platform } from './types.ts';

const architectures: Readonly<Record<string, string>> = {
	x86_64: 'amd64',
	'x86-64': 'amd64',
	aarch64: 'arm64',
	i386: '386',
	i686: '386',
};

/** One spelling per platform: `x86_64` is `amd64`, `aarch64` is `arm64`, `armhf` is `arm/v7`, `macos` is `darwin`. */
export function normalizePlatform(platform: Platform): Platform {
	const os = platform.os.toLowerCase() === 'macos' ? 'darwin' : platform.os.toLowerCase();
	const given = platform.architecture.toLowerCase();
	let architecture = architectures[given] ?? given;
	let variant = platform.variant?.toLowerCase() ?? '';
	if (architecture === 'armhf') [architecture, variant] = ['arm', 'v7'];
	else if (architecture === 'armel') [architecture, variant] = ['arm', 'v6'];
	else if (architecture === 'arm') variant = variant === '' ? 'v7' : variant.replace(/^(\d)$/, 'v$1');
	else if (architecture === 'arm64')
		variant = variant === '8' || variant === 'v8' ? '' : variant.replace(/^(\d)$/, 'v$1');
	else if (architecture === 'amd64' && variant === 'v1') variant = '';
	const { variant: _variant, ...rest } = platform;
	return { ...rest, os, architecture, ...(variant === '' ? {} : { variant }) };
}

/** The platform of this host. */
export function hostPlatform(): Platform {
	const names: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386', ppc64: 'ppc64le' };
	return normalizePlatform({ os: process.platform, architecture: names[process.arch] ?? process.arch });
}

/**
 * Parses `os[/arch[/variant]]`, or an architecture alone. What is not said is the host's.
 * @throws EngineError `invalid_argument`.
 */
export function parsePlatform(text: string): Platform {
	const parts = text.split('/');
	if (parts.length > 3 || parts.some((part) => !/^[A-Za-z0-9_.-]+$/.test(part))) {
		throw new EngineError(
			'invalid_argument',
			`${JSON.stringify(text)} is an invalid platform: it must be os[/arch[/variant]]`,
		);
	}
	const [first = '', architecture, variant] = parts;
	const host = hostPlatform();
	if (architecture === undefined) {
		const known = /^(linux|windows|darwin|macos|freebsd)$/i.test(first);
		return normalizePlatform(known ? { ...host, os: first } : { os: host.os, architecture: first });
	}
	const normal = normalizePlatform({ os: first, architecture, ...(variant === undefined ? {} : { variant }) });
	// Kept as it was said, for messages; matching drops it again.
	return variant === undefined || normal.variant !== undefined ? normal : { ...normal, variant: variant.toLowerCase() };
}

/** `linux/arm64/v8`. */
export function printPlatform(platform: Platform): string {
	return [platform.os, platform.architecture, platform.variant ?? ''].filter((part) => part !== '').join('/');
}

/**
 * How well `candidate` serves `wanted`: 0 is exact, higher is worse, undefined is not at all.
 * An older ARM variant runs on a newer processor, 386 on amd64.
 */
export function matchPlatform(wanted: Platform, candidate: Platform): number | undefined {
	const want = normalizePlatform(wanted);
	const have = normalizePlatform(candidate);
	if (want.os !== have.os) return undefined;
	if (want.architecture === have.architecture) return matchVariant(want, have);
	return want.architecture === 'amd64' && have.architecture === '386' ? 100 : undefined;
}

function matchVariant(want: Platform, have: Platform): number | undefined {
	if (want.variant === have.variant) return 0;
	const base = want.architecture === 'arm64' ? 8 : want.architecture === 'amd64' ? 1 : 7;
	const newest = variantNumber(want.variant, base);
	const offered = variantNumber(have.variant, base);
	if (newest === undefined || offered === undefined || offered > newest) return undefined;
	return Math.round((newest - offered) * 10);
}

function variantNumber(variant: string | undefined, base: number): number | undefined {
	if (variant === undefined) return base;
	const match = /^v(\d+(?:\.\d+)?)$/.exec(variant);
	return match?.[1] === undefined ? undefined : Number(match[1]);
}
