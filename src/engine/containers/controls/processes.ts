import { EngineError } from '../../../errors.ts';

/** What `ps` says of some processes: its headings, and a row per process. */
export interface ProcessTable {
	readonly titles: readonly string[];
	readonly processes: readonly (readonly string[])[];
}

const defaultArguments = '-ef';
/** Milliseconds that ps may take. */
const patience = 10_000;
/** The shell's own characters have no business among arguments of ps, nor have files to read. */
const allowed = /^[\w\s,.:=%+*"'-]+$/;

/** Runs the host's ps and keeps the rows of `pids`. @throws `invalid_argument` when ps refuses, or shows no PID. */
export async function listProcesses(psArguments: string, pids: readonly number[]): Promise<ProcessTable> {
	const words = psArguments.trim() === '' ? defaultArguments : psArguments.trim();
	if (!allowed.test(words)) throw new EngineError('invalid_argument', `invalid ps arguments: ${JSON.stringify(words)}`);
	const child = Bun.spawn(['ps', ...words.split(/\s+/)], {
		stdio: ['ignore', 'pipe', 'pipe'],
		timeout: patience,
		env: { PATH: process.env.PATH ?? '/usr/bin:/bin', COLUMNS: '4096' },
	});
	const [output, message, code] = await Promise.all([
		new Response(child.stdout).text(),
		new Response(child.stderr).text(),
		child.exited,
	]);
	if (code !== 0) {
		const reason = message.trim().split('\n')[0] ?? '';
		throw new EngineError('invalid_argument', `ps: exit status ${code}: ${reason}`);
	}
	return parseProcessTable(output, new Set(pids));
}

/** Takes apart what ps printed. The last column may hold spaces. @throws `invalid_argument` without a PID column. */
export function parseProcessTable(output: string, pids: ReadonlySet<number>): ProcessTable {
	const [head = '', ...lines] = output.split('\n').filter((line) => line.trim() !== '');
	const titles = head.trim().split(/\s+/);
	const column = titles.indexOf('PID');
	if (column < 0) {
		throw new EngineError('invalid_argument', "Couldn't find PID field in ps output");
	}
	const processes = lines
		.map((line) => {
			const fields = line.trim().split(/\s+/);
			return [...fields.slice(0, titles.length - 1), fields.slice(titles.length - 1).join(' ')];
		})
		.filter((fields) => pids.has(Number(fields[column])));
	return { titles, processes };
}
