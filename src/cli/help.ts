import type { CommandDef, FlagDef } from './command.ts';

/** `gantry run [OPTIONS] IMAGE [COMMAND] [ARG...]`. */
export function useLine(name: string, def: CommandDef): string {
	const options = def.flags.some((flag) => flag.hidden !== true) ? ' [OPTIONS]' : '';
	return `${name}${options}${def.usage === '' ? '' : ` ${def.usage}`}`;
}

/** The help of one command. `width`: columns of the terminal. */
export function commandHelp(name: string, def: CommandDef, width: number): string {
	const parts = [`Usage:  ${useLine(name, def)}\n\n${def.summary}\n`];
	if (def.aliases !== undefined && def.aliases.length > 0) {
		parts.push(`Aliases:\n  ${[...def.aliases, ...(def.aliases.includes(name) ? [] : [name])].join(', ')}\n`);
	}
	const shown = def.flags.filter((flag) => flag.hidden !== true);
	if (shown.length > 0) parts.push(`Options:\n${flagTable(shown, width)}`);
	return parts.join('\n');
}

/** What stands below every usage error. */
export function usageError(message: string, name: string, def: CommandDef, word: 'Run' | 'See' = 'Run'): string {
	return `${message}\n\nUsage:  ${useLine(name, def)}\n\n${word} '${name} --help' for more information\n`;
}

/** The flags, one a line, sorted by name, their help wrapped into the rest of the width. */
export function flagTable(flags: readonly FlagDef[], width: number): string {
	const sorted = [...flags].sort((a, b) => (a.name < b.name ? -1 : 1));
	const heads = sorted.map((flag) => {
		const short = flag.short === undefined ? '    ' : `-${flag.short}, `;
		return `  ${short}--${flag.name}${flag.type === '' ? '' : ` ${flag.type}`}`;
	});
	const indent = Math.max(...heads.map((head) => head.length)) + 3;
	return sorted
		.map((flag, index) => {
			const lines = wrap(flag.help + defaultNote(flag), Math.max(24, width - indent));
			return `${(heads[index] ?? '').padEnd(indent)}${lines.join(`\n${' '.repeat(indent)}`)}\n`;
		})
		.join('');
}

function defaultNote(flag: FlagDef): string {
	if (flag.default === undefined || flag.default === '' || flag.default === 'false' || flag.default === '0') return '';
	return flag.type === 'string' ? ` (default "${flag.default}")` : ` (default ${flag.default})`;
}

function wrap(text: string, width: number): string[] {
	return text.split('\n').flatMap((line) => {
		const lines: string[] = [];
		let current = '';
		for (const word of line.split(' ')) {
			if (current !== '' && current.length + 1 + word.length > width) {
				lines.push(current);
				current = word;
			} else current = current === '' ? word : `${current} ${word}`;
		}
		return [...lines, current];
	});
}
