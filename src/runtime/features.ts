import type { ProbedRuntime } from './program.ts';

/** What programs beside the daemon say of themselves. */
export interface ProgramFacts {
	/** What each runtime answers to `features` (JSON, OCI runtime-spec features), by its name; absent: it has no such command. */
	readonly features: ReadonlyMap<string, string>;
	/** The program that `--init` puts into containers; null: there is none on this host. */
	readonly init: { readonly path: string; readonly version: string; readonly commit: string } | null;
}

const patience = 5_000;
const longest = 1 << 20;

/** Asks them. What does not answer is left out: nothing but information depends on it. */
export async function readProgramFacts(
	runtimes: readonly ProbedRuntime[],
	initPath: string | null,
): Promise<ProgramFacts> {
	const answers = await Promise.all(
		runtimes.map(async ({ program }) => [program.name, oneLineJson(await outputOf(program.path, 'features'))] as const),
	);
	const features = new Map(answers.filter((answer): answer is readonly [string, string] => answer[1] !== null));
	if (initPath === null) return { features, init: null };
	const text = await outputOf(initPath, '--version');
	return {
		features,
		init: {
			path: initPath,
			version: /version (\S+)/.exec(text)?.[1] ?? '',
			commit: /git\.(\w+)/.exec(text)?.[1] ?? '',
		},
	};
}

/** Standard output; '' when it fails. */
async function outputOf(path: string, argument: string): Promise<string> {
	const child = Bun.spawn([path, argument], { stdio: ['ignore', 'pipe', 'ignore'], timeout: patience });
	const text = await new Response(child.stdout).text();
	return (await child.exited) === 0 && text.length <= longest ? text : '';
}

function oneLineJson(text: string): string | null {
	try {
		const parsed: unknown = JSON.parse(text);
		return typeof parsed === 'object' && parsed !== null ? JSON.stringify(parsed) : null;
	} catch {
		// A runtime of before the features command printed its help.
		return null;
	}
}
