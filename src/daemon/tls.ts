import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { EngineError, messageOf } from '../errors.ts';
import type { TlsConfig } from './config.ts';

/** The contents of the TLS files, known to be good. `ca` is there when clients are checked. */
export interface LoadedTls {
	readonly verify: boolean;
	readonly pem: { readonly cert: string; readonly key: string; readonly ca?: string };
}

/** Reads the files. @throws `invalid_argument` that names the files when they cannot be used. */
export function loadTls({ cert, key, ca, verify }: TlsConfig): LoadedTls {
	const files = [cert, key, ...(verify && ca !== null ? [ca] : [])];
	try {
		const pem = {
			cert: readFileSync(cert, 'utf8'),
			key: readFileSync(key, 'utf8'),
			...(verify && ca !== null ? { ca: readFileSync(ca, 'utf8') } : {}),
		};
		createSecureContext(pem);
		return { verify, pem };
	} catch (error) {
		throw new EngineError('invalid_argument', `could not load the TLS files ${files.join(', ')}: ${messageOf(error)}`, {
			cause: error,
		});
	}
}
