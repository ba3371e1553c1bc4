import type { ApiClient } from '../client/client.ts';
import type { ConfigFile } from './config-file.ts';
import type { Flags } from './flags.ts';
import type { Output } from './output.ts';

/** A flag of a command. */
export interface FlagDef {
	readonly name: string;
	/** One letter. */
	readonly short?: string;
	/** `list` may be given again and again; the others keep the last value. */
	readonly kind: 'bool' | 'value' | 'list';
	/** The type as help shows it: `string`, `list`, `bytes` … */
	readonly type: string;
	readonly default?: string;
	readonly help: string;
	/** Checks a value and gives it its final form. @throws EngineError with what is wrong with it. */
	readonly check?: (value: string) => string;
	/** Understood, and not shown in help. */
	readonly hidden?: boolean;
	/** Only a daemon on Windows could do something with it: refused. */
	readonly windows?: boolean;
	/** Only a daemon with experimental features could do something with it: refused. */
	readonly experimental?: boolean;
	/** Another flag that this is an old name of. */
	readonly as?: string;
}

/** How many positional arguments a command takes. */
export interface Arity {
	readonly min: number;
	readonly max: number;
}

/** Everything about one command: what it takes, what it says in its help, what it does. */
export interface CommandDef {
	/** The arguments as usage shows them: `CONTAINER [CONTAINER...]`. */
	readonly usage: string;
	readonly summary: string;
	readonly arity: Arity;
	readonly flags: readonly FlagDef[];
	/** True: the first argument ends the flags, as of a command line that is passed on. */
	readonly stopsAtFirstArgument?: boolean;
	/** Other full names of this command: `gantry container run`. */
	readonly aliases?: readonly string[];
	/** Runs it; the exit code. @throws EngineError, printed with exit code 1. */
	run(context: Context, flags: Flags, args: readonly string[]): Promise<number>;
}

/** What a command works with. */
export interface Context {
	/** The daemon's client, made at the first call. */
	client(): Promise<ApiClient>;
	/** The user's configuration, read at the first call. */
	config(): Promise<ConfigFile>;
	readonly stdout: Output;
	readonly stderr: Output;
	readonly env: Readonly<Record<string, string | undefined>>;
	/** `--debug`. */
	readonly debug: boolean;
	/** The flags before the command. */
	readonly globals: Flags;
}

/** One exact number of arguments. */
export const exactly = (count: number): Arity => ({ min: count, max: count });
/** That many or more. */
export const atLeast = (min: number): Arity => ({ min, max: Number.POSITIVE_INFINITY });
/** None. */
export const noArguments: Arity = { min: 0, max: 0 };

/** A switch. */
export function bool(name: string, short: string, help: string): FlagDef {
	return { name, kind: 'bool', type: '', help, ...(short === '' ? {} : { short }) };
}

/** A text. */
export function string(name: string, short: string, help: string, initial?: string): FlagDef {
	return {
		name,
		kind: 'value',
		type: 'string',
		help,
		...(short === '' ? {} : { short }),
		...(initial === undefined ? {} : { default: initial }),
	};
}

/** Texts; may be given again and again. */
export function list(name: string, short: string, help: string, check?: (value: string) => string): FlagDef {
	return {
		name,
		kind: 'list',
		type: 'list',
		help,
		...(short === '' ? {} : { short }),
		...(check === undefined ? {} : { check }),
	};
}

/** A value with a check of its own. */
export function value(
	name: string,
	short: string,
	type: string,
	help: string,
	check: (value: string) => string,
): FlagDef {
	return { name, kind: 'value', type, help, check, ...(short === '' ? {} : { short }) };
}
