import { EngineError } from '../../errors.ts';
import type { Context } from '../command.ts';

const longest = 64 * 1024;

/** All of standard input as text. @throws EngineError when it is no password by its length */
export async function readAll(): Promise<string> {
	const decoder = new TextDecoder();
	let text = '';
	for await (const chunk of Bun.file(0).stream()) {
		text += decoder.decode(chunk, { stream: true });
		if (text.length > longest) throw new EngineError('invalid_argument', 'the password is too long');
	}
	return text;
}

/** Asks at the terminal. `echo` false: what is typed does not show. */
export async function ask({ stdout }: Context, question: string, echo: boolean): Promise<string> {
	stdout.write(question);
	await stdout.flush();
	const quiet = (flag: string) => Bun.spawnSync(['stty', flag], { stdin: 'inherit' });
	if (!echo) quiet('-echo');
	try {
		const decoder = new TextDecoder();
		let line = '';
		for await (const chunk of Bun.file(0).stream()) {
			line += decoder.decode(chunk, { stream: true });
			if (line.includes('\n') || line.length > longest) break;
		}
		return (line.split('\n')[0] ?? '').replace(/\r$/, '').trim();
	} finally {
		if (!echo) {
			quiet('echo');
			stdout.write('\n');
		}
	}
}
