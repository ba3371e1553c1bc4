import { EngineError } from '../../errors.ts';
import defaultProfile from './seccomp-default.json' with { type: 'json' };
import type { OciSeccomp, OciSyscallRule } from './types.ts';

/** When a rule of a profile counts. Source: Docker's seccomp profile format. */
interface Condition {
	readonly caps?: readonly string[];
	readonly arches?: readonly string[];
	readonly minKernel?: string;
}

interface ProfileRule extends OciSyscallRule {
	readonly name?: string;
	readonly includes?: Condition;
	readonly excludes?: Condition;
}

interface Profile {
	readonly defaultAction: string;
	readonly defaultErrnoRet?: number;
	readonly architectures?: readonly string[];
	readonly archMap?: readonly { readonly architecture: string; readonly subArchitectures: readonly string[] | null }[];
	readonly syscalls?: readonly ProfileRule[];
}

/** What a profile's conditions are held against. */
export interface SeccompContext {
	readonly capabilities: readonly string[];
	/** As Go names it: `amd64`, `arm64`. */
	readonly architecture: string;
	/** `6.1.0-18-amd64`. */
	readonly kernelRelease: string;
}

const nativeArchitecture: Readonly<Record<string, string>> = {
	amd64: 'SCMP_ARCH_X86_64',
	arm64: 'SCMP_ARCH_AARCH64',
	riscv64: 'SCMP_ARCH_RISCV64',
};

/** Docker's default profile for a container with these capabilities. */
export function defaultSeccomp(context: SeccompContext): OciSeccomp {
	return resolveProfile(defaultProfile as Profile, context);
}

/** A profile that the user gave (`--security-opt seccomp=FILE`). @throws `invalid_argument` when it is none */
export function customSeccomp(profile: unknown, context: SeccompContext): OciSeccomp {
	const given = profile as Partial<Profile> | null;
	if (typeof given !== 'object' || given === null || typeof given.defaultAction !== 'string') {
		throw new EngineError('invalid_argument', 'decoding seccomp profile failed: it has no defaultAction');
	}
	if (given.syscalls !== undefined && !Array.isArray(given.syscalls)) {
		throw new EngineError('invalid_argument', 'decoding seccomp profile failed: syscalls is no list');
	}
	return resolveProfile({ ...given, defaultAction: given.defaultAction }, context);
}

function resolveProfile(profile: Profile, context: SeccompContext): OciSeccomp {
	return {
		defaultAction: profile.defaultAction,
		...(profile.defaultErrnoRet === undefined ? {} : { defaultErrnoRet: profile.defaultErrnoRet }),
		architectures: architectures(profile, context.architecture),
		syscalls: (profile.syscalls ?? []).filter((rule) => applies(rule, context)).map(plainRule),
	};
}

function architectures(profile: Profile, architecture: string): readonly string[] {
	if (profile.architectures !== undefined && profile.architectures.length > 0) return profile.architectures;
	const native = nativeArchitecture[architecture];
	const entry = profile.archMap?.find((each) => each.architecture === native);
	return entry === undefined ? [] : [entry.architecture, ...(entry.subArchitectures ?? [])];
}

function applies({ includes, excludes }: ProfileRule, context: SeccompContext): boolean {
	if (excludes !== undefined) {
		if (excludes.caps?.some((name) => context.capabilities.includes(name))) return false;
		if (excludes.arches?.includes(context.architecture)) return false;
		if (excludes.minKernel !== undefined && isAtLeast(context.kernelRelease, excludes.minKernel)) return false;
	}
	if (includes === undefined) return true;
	if (includes.caps?.some((name) => !context.capabilities.includes(name))) return false;
	if (includes.arches !== undefined && includes.arches.length > 0 && !includes.arches.includes(context.architecture)) {
		return false;
	}
	return includes.minKernel === undefined || isAtLeast(context.kernelRelease, includes.minKernel);
}

function plainRule({ names, name, action, errnoRet, args }: ProfileRule): OciSyscallRule {
	return {
		names: names ?? (name === undefined ? [] : [name]),
		action,
		...(errnoRet === undefined ? {} : { errnoRet }),
		...(args === undefined || args.length === 0 ? {} : { args }),
	};
}

function isAtLeast(release: string, minimum: string): boolean {
	const [major = 0, minor = 0] = release.split(/[^0-9]+/).map(Number);
	const [wantMajor = 0, wantMinor = 0] = minimum.split('.').map(Number);
	return major > wantMajor || (major === wantMajor && minor >= wantMinor);
}
