/** A template's source cut into tokens. Source: Go's text/template, package documentation. */

/** What a token is. `text` is what stands outside of actions. */
export type TokenKind =
	| 'text'
	| 'open'
	| 'close'
	| 'space'
	| 'field'
	| 'variable'
	| 'word'
	| 'number'
	| 'string'
	| 'char'
	| 'dot'
	| 'pipe'
	| 'left'
	| 'right'
	| 'declare'
	| 'assign'
	| 'comma'
	| 'end';

/** `at`: offset in the source. For strings and characters `text` is the literal as written. */
export interface Token {
	readonly kind: TokenKind;
	readonly text: string;
	readonly at: number;
}

/** What is wrong with a template, in Go's words. */
export class TemplateError extends Error {
	override readonly name = 'TemplateError';
}

/** `template: :LINE: MESSAGE` as Go's parser says it. */
export function syntaxError(source: string, at: number, message: string): TemplateError {
	return new TemplateError(`template: :${source.slice(0, at).split('\n').length}: ${message}`);
}

const trimmed = /[ \t\r\n]/;
const patterns: readonly (readonly [TokenKind, RegExp])[] = [
	['space', /[ \t\r\n]+/y],
	['string', /"(?:[^"\\\n]|\\.)*"|`[^`]*`/y],
	['char', /'(?:[^'\\\n]|\\.[^']*)'/y],
	['number', /[+-]?(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)/y],
	['field', /\.[\p{L}_][\p{L}\p{N}_]*/uy],
	['variable', /\$[\p{L}\p{N}_]*/uy],
	['word', /[\p{L}_][\p{L}\p{N}_]*/uy],
	['declare', /:=/y],
	['assign', /=/y],
	['dot', /\./y],
	['pipe', /\|/y],
	['left', /\(/y],
	['right', /\)/y],
	['comma', /,/y],
];

/** Cuts a template into tokens. @throws TemplateError */
export function tokenize(source: string): Token[] {
	const tokens: Token[] = [];
	let at = 0;
	let trimLeft = false;
	while (at < source.length) {
		const open = source.indexOf('{{', at);
		const end = open < 0 ? source.length : open;
		const trimRight = open >= 0 && source[open + 2] === '-' && trimmed.test(source[open + 3] ?? '');
		let text = source.slice(at, end);
		if (trimLeft) text = text.replace(/^[ \t\r\n]+/, '');
		if (trimRight) text = text.replace(/[ \t\r\n]+$/, '');
		if (text !== '') tokens.push({ kind: 'text', text, at });
		if (open < 0) break;
		const body = open + (trimRight ? 3 : 2);
		const next = source.startsWith('/*', trimRight ? body + 1 : body)
			? skipComment(source, open, trimRight ? body + 1 : body)
			: lexAction(source, open, body, tokens);
		at = next.at;
		trimLeft = next.trim;
	}
	tokens.push({ kind: 'end', text: '', at: source.length });
	return tokens;
}

interface After {
	readonly at: number;
	readonly trim: boolean;
}

function skipComment(source: string, open: number, from: number): After {
	const end = source.indexOf('*/', from + 2);
	if (end < 0) throw syntaxError(source, open, 'unclosed comment');
	const close = closeAt(source, end + 2);
	if (close === null) throw syntaxError(source, open, 'comment ends before closing delimiter');
	return close;
}

/** The place after `}}` or ` -}}` at `at`; null when neither is there. */
function closeAt(source: string, at: number): After | null {
	if (source.startsWith('}}', at)) return { at: at + 2, trim: false };
	if (trimmed.test(source[at] ?? '') && source.startsWith('-}}', at + 1)) return { at: at + 4, trim: true };
	return null;
}

function lexAction(source: string, open: number, from: number, tokens: Token[]): After {
	tokens.push({ kind: 'open', text: '{{', at: open });
	let depth = 0;
	let at = from;
	while (at < source.length) {
		const close = closeAt(source, at);
		if (close !== null) {
			if (depth > 0) throw syntaxError(source, at, 'unclosed left paren');
			tokens.push({ kind: 'close', text: '}}', at });
			return close;
		}
		const token = lexToken(source, at, tokens.at(-1));
		if (token.kind === 'left') depth++;
		if (token.kind === 'right' && --depth < 0) throw syntaxError(source, at, 'unexpected right paren');
		tokens.push(token);
		at += token.text.length;
	}
	throw syntaxError(source, source.length, 'unclosed action');
}

function lexToken(source: string, at: number, before: Token | undefined): Token {
	for (const [kind, pattern] of patterns) {
		pattern.lastIndex = at;
		const text = pattern.exec(source)?.[0];
		if (text === undefined) continue;
		if (kind === 'number' && /[\p{L}\p{N}_]/u.test(source[at + text.length] ?? '')) {
			const word = /^[\p{L}\p{N}_.+-]*/u.exec(source.slice(at))?.[0] ?? text;
			throw syntaxError(source, at, `bad number syntax: ${JSON.stringify(word)}`);
		}
		// `.5` after a value would be a field of it, which cannot start with a digit.
		if (kind === 'number' && text.startsWith('.') && before?.kind === 'word') continue;
		return { kind, text, at };
	}
	const char = source[at] ?? '';
	if (char === '"') throw syntaxError(source, at, 'unterminated quoted string');
	if (char === '`') throw syntaxError(source, at, 'unterminated raw quoted string');
	if (char === "'") throw syntaxError(source, at, 'unterminated character constant');
	if (char === ':') throw syntaxError(source, at, 'expected :=');
	const code = char.codePointAt(0) ?? 0;
	const name = `U+${code.toString(16).toUpperCase().padStart(4, '0')} '${char}'`;
	throw syntaxError(source, at, `bad character ${name}`);
}
