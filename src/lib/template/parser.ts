import { syntaxError, type TemplateError, type Token, type TokenKind, tokenize } from './lexer.ts';
import { unquote } from './unquote.ts';

/** A value in a pipeline. `at`: where Go's errors point to; `text`: how they show it. */
export type Operand = { readonly at: number; readonly text: string } & (
	| { readonly kind: 'dot' }
	| { readonly kind: 'nil' }
	| { readonly kind: 'literal'; readonly value: string | number | boolean }
	| { readonly kind: 'field'; readonly path: readonly string[] }
	| { readonly kind: 'variable'; readonly name: string; readonly path: readonly string[] }
	| { readonly kind: 'function'; readonly name: string }
	| { readonly kind: 'pipeline'; readonly pipeline: Pipeline; readonly path: readonly string[] }
);

/** One call or value of a pipeline. */
export interface Command {
	readonly operands: readonly Operand[];
	readonly at: number;
	readonly text: string;
}

/** `$a, $b := cmd | cmd`. */
export interface Pipeline {
	readonly names: readonly string[];
	readonly assigns: boolean;
	readonly commands: readonly Command[];
	readonly at: number;
	readonly text: string;
}

/** A piece of a template. */
export type Node =
	| { readonly kind: 'text'; readonly text: string }
	| { readonly kind: 'print'; readonly pipeline: Pipeline }
	| {
			readonly kind: 'if' | 'with' | 'range';
			readonly pipeline: Pipeline;
			readonly body: readonly Node[];
			readonly otherwise: readonly Node[];
	  }
	| { readonly kind: 'template'; readonly name: string; readonly pipeline: Pipeline | null; readonly at: number }
	| { readonly kind: 'break' | 'continue' };

/** A parsed template with those it defines. */
export interface Tree {
	readonly source: string;
	readonly nodes: readonly Node[];
	readonly defined: ReadonlyMap<string, readonly Node[]>;
}

/** Parses a template; `known` are the functions that it may call. @throws TemplateError */
export function parse(source: string, known: (name: string) => boolean): Tree {
	return new Parser(source, known).parse();
}

type Ending = 'end' | 'else' | 'eof';

class Parser {
	private readonly tokens: readonly Token[];
	private index = 0;
	private loops = 0;
	private scope: string[] = ['$'];
	private readonly defined = new Map<string, readonly Node[]>();

	constructor(
		private readonly source: string,
		private readonly known: (name: string) => boolean,
	) {
		this.tokens = tokenize(source);
	}

	parse(): Tree {
		const { nodes, ending } = this.list();
		if (ending !== 'eof') throw this.error(`unexpected {{${ending}}}`);
		return { source: this.source, nodes, defined: this.defined };
	}

	private error(message: string): TemplateError {
		const at = this.tokens[Math.min(this.index, this.tokens.length) - 1]?.at ?? 0;
		return syntaxError(this.source, at, message);
	}

	private peek(): Token {
		return this.tokens[this.index] ?? { kind: 'end', text: '', at: this.source.length };
	}

	private next(): Token {
		const token = this.peek();
		this.index++;
		return token;
	}

	private skipSpace(): Token {
		while (this.peek().kind === 'space') this.index++;
		return this.peek();
	}

	private unexpected(token: Token, where: string): TemplateError {
		const shown = token.kind === 'end' ? 'EOF' : token.kind === 'word' ? `<${token.text}>` : JSON.stringify(token.text);
		return this.error(`unexpected ${shown} in ${where}`);
	}

	private expect(kind: TokenKind, where: string): Token {
		this.skipSpace();
		const token = this.next();
		if (token.kind !== kind) throw this.unexpected(token, where);
		return token;
	}

	private list(): { nodes: Node[]; ending: Ending } {
		const nodes: Node[] = [];
		for (;;) {
			const token = this.next();
			if (token.kind === 'end') return { nodes, ending: 'eof' };
			if (token.kind === 'text') {
				nodes.push({ kind: 'text', text: token.text });
				continue;
			}
			const ending = this.action(nodes);
			if (ending !== null) return { nodes, ending };
		}
	}

	/** Parses what follows `{{`; says when it ends the list. */
	private action(nodes: Node[]): Ending | null {
		const token = this.skipSpace();
		switch (token.kind === 'word' ? token.text : '') {
			case 'end':
				this.next();
				this.expect('close', 'end');
				return 'end';
			case 'else':
				this.next();
				return 'else';
			case 'if':
			case 'with':
			case 'range':
				this.next();
				nodes.push(this.control(token.text as 'if' | 'with' | 'range'));
				return null;
			case 'break':
			case 'continue':
				this.next();
				if (this.loops === 0) throw this.error(`{{${token.text}}} outside {{range}}`);
				this.expect('close', `{{${token.text}}}`);
				nodes.push({ kind: token.text as 'break' | 'continue' });
				return null;
			case 'define':
				this.next();
				this.define();
				return null;
			case 'block':
			case 'template':
				this.next();
				nodes.push(this.invocation(token.text === 'block'));
				return null;
			default:
				nodes.push({ kind: 'print', pipeline: this.pipeline('command', 'close') });
				return null;
		}
	}

	private control(kind: 'if' | 'with' | 'range'): Node {
		const outer = this.scope;
		this.scope = [...outer];
		const pipeline = this.pipeline(kind, 'close');
		if (kind === 'range') this.loops++;
		const { nodes: body, ending } = this.list();
		if (kind === 'range') this.loops--;
		const otherwise = ending === 'else' ? this.otherwise(kind) : [];
		if (ending === 'eof') throw this.error('unexpected EOF');
		this.scope = outer;
		return { kind, pipeline, body, otherwise };
	}

	/** What follows `{{else`: `}}…{{end}}`, or ` if …}}` which shares our end. */
	private otherwise(kind: 'if' | 'with' | 'range'): Node[] {
		const token = this.skipSpace();
		if (token.kind === 'word' && token.text === kind && kind !== 'range') {
			this.next();
			return [this.control(kind)];
		}
		this.expect('close', 'else');
		const { nodes, ending } = this.list();
		if (ending === 'eof') throw this.error('unexpected EOF');
		if (ending === 'else') throw this.error('expected end; found {{else}}');
		return nodes;
	}

	private define(): void {
		const name = unquote(this.expect('string', 'define clause').text);
		this.expect('close', 'define clause');
		this.defined.set(name, this.separateBody());
	}

	/** A body with variables of its own. */
	private separateBody(): Node[] {
		const [outer, loops] = [this.scope, this.loops];
		this.scope = ['$'];
		this.loops = 0;
		const { nodes, ending } = this.list();
		if (ending !== 'end') throw this.error(ending === 'eof' ? 'unexpected EOF' : 'unexpected {{else}}');
		this.scope = outer;
		this.loops = loops;
		return nodes;
	}

	private invocation(isBlock: boolean): Node {
		const where = isBlock ? 'block clause' : 'template clause';
		const token = this.expect('string', where);
		const name = unquote(token.text);
		let pipeline: Pipeline | null = null;
		if (this.skipSpace().kind === 'close' && !isBlock) this.next();
		else pipeline = this.pipeline(where, 'close');
		if (isBlock) {
			const body = this.separateBody();
			if (!this.defined.has(name)) this.defined.set(name, body);
		}
		return { kind: 'template', name, pipeline, at: token.at };
	}

	private pipeline(where: string, closing: 'close' | 'right'): Pipeline {
		const at = this.skipSpace().at;
		const { names, assigns } = this.declarations(where);
		const commands: Command[] = [];
		for (;;) {
			const token = this.skipSpace();
			if (token.kind === closing) {
				if (commands.length === 0) {
					this.next();
					throw this.error(`missing value for ${closing === 'right' ? 'parenthesized pipeline' : where}`);
				}
				break;
			}
			commands.push(this.command(where, closing));
			if (this.skipSpace().kind !== 'pipe') continue;
			this.next();
		}
		const text = this.source.slice(at, this.peek().at).trim();
		this.next();
		this.checkStages(commands);
		if (!assigns) this.scope.push(...names);
		return { names, assigns, commands, at, text };
	}

	/** Only the first stage may be a plain value. */
	private checkStages(commands: readonly Command[]): void {
		commands.slice(1).forEach((command, index) => {
			const first = command.operands[0];
			if (first === undefined || !['literal', 'dot', 'nil'].includes(first.kind)) return;
			throw this.error(`non executable command in pipeline stage ${index + 2}`);
		});
	}

	private declarations(where: string): { names: string[]; assigns: boolean } {
		const start = this.index;
		const names: string[] = [];
		while (this.peek().kind === 'variable') {
			names.push(this.next().text);
			const token = this.skipSpace();
			if (token.kind === 'comma' && where === 'range' && names.length < 2) {
				this.next();
				this.skipSpace();
				continue;
			}
			if (token.kind === 'declare' || token.kind === 'assign') {
				this.next();
				return { names, assigns: token.kind === 'assign' };
			}
			if (token.kind === 'comma') throw this.error(`too many declarations in ${where}`);
			break;
		}
		this.index = start;
		return { names: [], assigns: false };
	}

	private command(where: string, closing: TokenKind): Command {
		const at = this.peek().at;
		const operands: Operand[] = [];
		for (;;) {
			const operand = this.operand();
			if (operand !== null) operands.push(operand);
			const token = this.peek();
			if (token.kind === 'space') {
				const after = this.skipSpace().kind;
				if (after === closing || after === 'pipe') break;
				if (operand === null) throw this.unexpected(this.next(), 'operand');
				continue;
			}
			if (token.kind === closing || token.kind === 'pipe') break;
			this.next();
			throw this.unexpected(token, operand === null ? where : 'operand');
		}
		if (operands.length === 0) throw this.error('empty command');
		return { operands, at, text: this.source.slice(at, this.peek().at).trim() };
	}

	private operand(): Operand | null {
		const term = this.term();
		if (term === null || this.peek().kind !== 'field') return term;
		const start = term.at;
		const at = this.peek().at;
		const path: string[] = [];
		while (this.peek().kind === 'field') path.push(this.next().text.slice(1));
		const text = `${term.text}${path.map((name) => `.${name}`).join('')}`;
		switch (term.kind) {
			case 'field':
			case 'variable':
			case 'pipeline':
				return { ...term, at, text, path: [...term.path, ...path] };
			case 'nil':
			case 'literal':
				throw syntaxError(this.source, start, `unexpected . after term ${JSON.stringify(term.text)}`);
			case 'dot':
				return { kind: 'field', at, text, path };
			case 'function': {
				const command = { operands: [term], at: start, text: term.text };
				const pipeline = { names: [], assigns: false, commands: [command], at: start, text: term.text };
				return { kind: 'pipeline', at, text, path, pipeline };
			}
		}
	}

	private term(): Operand | null {
		const token = this.peek();
		const { at, text } = token;
		switch (token.kind) {
			case 'dot':
				this.next();
				return { kind: 'dot', at, text };
			case 'field':
				this.next();
				return { kind: 'field', at, text, path: [text.slice(1)] };
			case 'variable':
				this.next();
				if (!this.scope.includes(text)) throw this.error(`undefined variable ${JSON.stringify(text)}`);
				return { kind: 'variable', at, text, name: text, path: [] };
			case 'string':
			case 'char':
			case 'number':
				this.next();
				return { kind: 'literal', at, text, value: this.literal(token) };
			case 'word':
				this.next();
				return this.word(token);
			case 'left': {
				this.next();
				const pipeline = this.pipeline('parenthesized pipeline', 'right');
				return { kind: 'pipeline', at, text: `(${pipeline.text})`, pipeline, path: [] };
			}
			default:
				return null;
		}
	}

	private word({ at, text }: Token): Operand {
		if (text === 'true' || text === 'false') return { kind: 'literal', at, text, value: text === 'true' };
		if (text === 'nil') return { kind: 'nil', at, text };
		if (!this.known(text)) throw this.error(`function ${JSON.stringify(text)} not defined`);
		return { kind: 'function', at, text, name: text };
	}

	private literal(token: Token): string | number {
		if (token.kind === 'string') return unquote(token.text);
		if (token.kind === 'char') return unquote(token.text).codePointAt(0) ?? 0;
		const plain = token.text.replaceAll('_', '');
		const negative = plain.startsWith('-');
		let digits = plain.replace(/^[+-]/, '');
		if (/^0[0-7]+$/.test(digits)) digits = `0o${digits.slice(1)}`;
		const value = Number(digits);
		if (Number.isNaN(value)) throw this.error(`bad number syntax: ${JSON.stringify(token.text)}`);
		return negative ? -value : value;
	}
}
