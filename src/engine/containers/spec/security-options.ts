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
		const cut = option.search(/[=:]/);
		const name = cut < 0 ? option : option.slice(0, cut);
		const value = cut < 0 ? '' : option.slice(cut + 1);
		if (name === 'no-new-privileges' && ['', 'true', 'false'].includes(value)) noNewPrivileges = value !== 'false';
		else if (name === 'seccomp' && value === 'unconfined') seccomp = { kind: 'unconfined' };
		else if (name === 'seccomp' && (value === 'builtin' || value === '')) seccomp = { kind: 'default' };
		else if (name === 'seccomp') seccomp = { kind: 'profile', profile: parseProfile(value) };
		else if (name === 'systempaths' && value === 'unconfined') systemPathsUnconfined = true;
		// Where there is no such security module, to be without its confinement is how it is.
		else if (name === 'apparmor' && value === 'unconfined') continue;
		else if (name === 'label' && value === 'disable') continue;
		else if (name === 'apparmor' || name === 'label') {
			throw new EngineError(
				'invalid_argument',
				`security option ${option}: this engine does not confine with ${name === 'label' ? 'SELinux' : 'AppArmor'}`,
			);
		} else throw new EngineError('invalid_argument', `invalid --security-opt 2: ${JSON.stringify(option)}`);
	}
	return { noNewPrivileges, seccomp, systemPathsUnconfined };
}
