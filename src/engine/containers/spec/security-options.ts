import { EngineError } from '../../../errors.ts';

/** What `--security-opt` asks for. */
export interface SecurityOptions {
	readonly noNewPrivileges: boolean;
	readonly seccomp:
		| { readonly kind: 'default' }
		| { readonly kind: 'unconfined' }
		| { readonly kind: 'profile'; readonly profile: unknown };
	/** `systempaths=unconfined`: nothing of /proc and /sys is masked or read-only. */
	readonly systemPathsUnconfined: boolean;
}

function parseProfile(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch (error) {
		if (!(error instanceof SyntaxError)) throw error;
		throw new EngineError('invalid_argument', `Decoding seccomp profile failed: ${error.message}`);
	}
}

/** Parses `name=value` and `name:value` options. @throws `invalid_argument` for what this host cannot do. */
export function parseSecurityOptions(options: readonly string[]): SecurityOptions {
	let noNewPrivileges = false;
	let seccomp: SecurityOptions['seccomp'] = { kind: 'default' };
	let systemPathsUnconfined = false;
	for (const option of options) {
		const cut = option.includes('=') ? option.indexOf('=') : option.indexOf(':');
		const name = cut < 0 ? option : option.slice(0, cut);
		const value = cut < 0 ? '' : option.slice(cut + 1);
		if (name === 'no-new-privileges' && ['', 'true', 'false'].includes(value)) noNewPrivileges = value !== 'false';
		else if (name === 'seccomp' && value === 'unconfined') seccomp = { kind: 'unconfined' };
		else if (name === 'seccomp' && (value === 'builtin' || value === '')) seccomp = { kind: 'default' };
		else if (name === 'seccomp') seccomp = { kind: 'profile', profile: parseProfile(value) };
		else if (name === 'systempaths' && value === 'unconfined') systemPathsUnconfined = true;
		// As dockerd does on hosts without these security modules: kept in the record, without effect.
		else if (cut >= 0 && (name === 'apparmor' || name === 'label')) continue;
		else if (option === 'disable') continue;
		else {
			throw new EngineError('invalid_argument', `invalid --security-opt ${cut < 0 ? 1 : 2}: ${JSON.stringify(option)}`);
		}
	}
	return { noNewPrivileges, seccomp, systemPathsUnconfined };
}
