import { isFunction, templateFunctions } from './functions.ts';
import { syntaxError, TemplateError } from './lexer.ts';
import { type Command, type Node, type Operand, type Pipeline, parse, type Tree } from './parser.ts';
import { isObject, isTrue, type Method, type Shapes, show, typeOf } from './values.ts';

export { TemplateError } from './lexer.ts';

/** How a template treats its data. */
export interface TemplateOptions {
	/**
	 * A key that is not there: `no-value` prints `<no value>`; `field-error` fails as Go does for a struct's field,
	 * except in the members named in `maps`; `key-error` fails as Go's `missingkey=error` does. Default `no-value`.
	 */
	readonly missing?: 'no-value' | 'field-error' | 'key-error';
	/** Go's name of the data's type in messages, e.g. `*formatter.ContainerContext`. */
	readonly typeName?: string;
	/** With `field-error`: members that hold maps (any key may be missing, they print as `map[…]`). */
	readonly maps?: ReadonlySet<string>;
	/** Functions that take the place of those with the same name. */
	readonly functions?: ReadonlyMap<string, Method>;
}

/** Members of Docker's inspect documents that are maps of free keys. */
export const mapMembers: ReadonlySet<string> = new Set(
	`Labels Options DriverOpts Annotations ExposedPorts Volumes Ports Networks EndpointsConfig PortBindings Sysctls Tmpfs
	Containers Data Config.Config StorageOpt UsageData Attributes Runtimes IndexConfigs Details LogOpts`.split(/\s+/),
);

/**
 * Compiles a Go text/template with the functions of Docker's `--format`. Function members of the data are called with
 * the arguments that follow them (`{{.Label "x"}}`).
 * @throws TemplateError now for wrong syntax (`template: :1: …`), at the call for wrong use (`template: :1:2: executing …`).
 */
export function compileTemplate(source: string, options: TemplateOptions = {}): (data: unknown) => string {
	const tree = parse(source, isFunction);
	return (data) => {
		const run = new Execution(tree, options);
		run.render(tree.nodes, data, new Map([['$', data]]), '');
		return run.out;
	};
}

/** The message that Docker's CLI prints for a template that cannot be parsed. */
export function parsingError(error: TemplateError): TemplateError {
	return new TemplateError(`template parsing error: ${error.message}`);
}

/**
 * What `inspect --format` prints of one document: members as Go's structs have them, and when that fails once more over
 * the raw document, whose message counts.
 * @throws TemplateError `template parsing error: …`
 */
export function renderInspect(source: string, document: unknown): string {
	try {
		try {
			return compileTemplate(source, { missing: 'field-error' })(document);
		} catch (error) {
			if (!(error instanceof TemplateError) || !error.message.includes(': executing ')) throw error;
			return compileTemplate(source, { missing: 'key-error' })(document);
		}
	} catch (error) {
		throw error instanceof TemplateError ? parsingError(error) : error;
	}
}

/** Variables of a scope; assignments go to the scope that declared. */
type Scope = Map<string, unknown>;

type Leave = 'break' | 'continue' | null;

const maxDepth = 1000;

class Execution implements Shapes {
	out = '';
	private depth = 0;
	private readonly maps = new WeakSet<object>();
	private readonly functions: ReadonlyMap<string, Method>;

	constructor(
		private readonly tree: Tree,
		private readonly options: TemplateOptions,
	) {
		this.functions = new Map([...templateFunctions(this), ...(options.functions ?? [])]);
	}

	isMap(value: object): boolean {
		return this.options.missing !== 'field-error' || this.maps.has(value);
	}

	render(nodes: readonly Node[], dot: unknown, scope: Scope, name: string): Leave {
		const names = new ScopeFrame(scope);
		for (const node of nodes) {
			const leave = this.node(node, dot, names.scope, name);
			if (leave !== null) return leave;
		}
		return null;
	}

	private node(node: Node, dot: unknown, scope: Scope, name: string): Leave {
		switch (node.kind) {
			case 'text':
				this.out += node.text;
				return null;
			case 'print': {
				const value = this.pipeline(node.pipeline, dot, scope, name);
				if (node.pipeline.names.length === 0) this.print(value);
				return null;
			}
			case 'if':
			case 'with': {
				const inner = new ScopeFrame(scope).scope;
				const value = this.pipeline(node.pipeline, dot, inner, name);
				const inside = node.kind === 'with' ? value : dot;
				return isTrue(value)
					? this.render(node.body, inside, inner, name)
					: this.render(node.otherwise, dot, inner, name);
			}
			case 'range':
				return this.range(node, dot, scope, name);
			case 'template':
				this.invoke(node, dot, scope, name);
				return null;
			case 'break':
			case 'continue':
				return node.kind;
		}
	}

	private print(value: unknown): void {
		this.out += value === null || value === undefined ? '<no value>' : show(value, this);
	}

	private range(
		node: Node & { readonly kind: 'range' | 'if' | 'with' },
		dot: unknown,
		scope: Scope,
		name: string,
	): Leave {
		const { pipeline, body, otherwise } = node;
		const outer = new ScopeFrame(scope).scope;
		const value = this.value(pipeline, dot, outer, name);
		const items = this.items(value, pipeline, name);
		if (items.length === 0) return this.render(otherwise, dot, outer, name);
		const [first, second] = pipeline.names;
		for (const [key, item] of items) {
			const inner = new ScopeFrame(outer).scope;
			const set = (variable: string, next: unknown) =>
				pipeline.assigns ? assign(outer, variable, next) : declare(inner, variable, next);
			if (first !== undefined) set(first, second === undefined ? item : key);
			if (second !== undefined) set(second, item);
			if (this.render(body, item, inner, name) === 'break') break;
		}
		return null;
	}

	private items(value: unknown, pipeline: Pipeline, name: string): (readonly [unknown, unknown])[] {
		if (value === null || value === undefined) return [];
		if (Array.isArray(value)) return value.map((item, index) => [index, item] as const);
		if (typeof value === 'number' && Number.isInteger(value)) {
			return Array.from({ length: Math.max(0, value) }, (_, index) => [index, index] as const);
		}
		if (isObject(value) && this.isMap(value)) {
			return Object.keys(value)
				.sort()
				.map((key) => [key, value[key]] as const);
		}
		throw this.error(name, pipeline.at, pipeline.text, `range can't iterate over ${show(value, this)}`);
	}

	private invoke(node: Node & { readonly kind: 'template' }, dot: unknown, scope: Scope, name: string): void {
		const body = this.tree.defined.get(node.name);
		const shown = `{{template ${JSON.stringify(node.name)}}}`;
		if (body === undefined) throw this.error(name, node.at, shown, `template ${JSON.stringify(node.name)} not defined`);
		if (++this.depth > maxDepth) throw this.error(name, node.at, shown, 'exceeded maximum template depth (1000)');
		const data = node.pipeline === null ? undefined : this.pipeline(node.pipeline, dot, scope, name);
		this.render(body, data, new Map([['$', data]]), node.name);
		this.depth--;
	}

	/** The value of a pipeline, its variables declared or assigned. */
	private pipeline(pipeline: Pipeline, dot: unknown, scope: Scope, name: string): unknown {
		const value = this.value(pipeline, dot, scope, name);
		for (const variable of pipeline.names) {
			if (pipeline.assigns) assign(scope, variable, value);
			else declare(scope, variable, value);
		}
		return value;
	}

	private value(pipeline: Pipeline, dot: unknown, scope: Scope, name: string): unknown {
		let carried: readonly unknown[] = [];
		for (const command of pipeline.commands) carried = [this.command(command, dot, scope, name, carried)];
		return carried[0];
	}

	private command(command: Command, dot: unknown, scope: Scope, name: string, carried: readonly unknown[]): unknown {
		const [first, ...rest] = command.operands;
		if (first === undefined) return undefined;
		const hasArgs = rest.length > 0 || carried.length > 0;
		const args = () => [...rest.map((operand) => this.operand(operand, dot, scope, name, [])), ...carried];
		if (first.kind === 'function') {
			if (first.name === 'and' || first.name === 'or') {
				return this.shortCircuit(
					first,
					command,
					rest,
					carried,
					(operand) => this.operand(operand, dot, scope, name, []),
					name,
				);
			}
			return this.call(first.name, this.functions.get(first.name), args(), first, command, name);
		}
		if (first.kind === 'nil') throw this.error(name, first.at, 'nil', 'nil is not a command');
		if (!hasArgs) return this.operand(first, dot, scope, name, []);
		if (first.kind === 'literal' || first.kind === 'dot') {
			throw this.error(name, first.at, first.text, `can't give argument to non-function ${first.text}`);
		}
		return this.operand(first, dot, scope, name, args());
	}

	private shortCircuit(
		operand: Operand & { readonly kind: 'function' },
		command: Command,
		rest: readonly Operand[],
		carried: readonly unknown[],
		evaluate: (operand: Operand) => unknown,
		name: string,
	): unknown {
		if (rest.length + carried.length === 0) {
			const message = `wrong number of args for ${operand.name}: want at least 1 got 0`;
			throw this.error(name, command.at, operand.name, message);
		}
		let value: unknown;
		for (const item of rest) {
			value = evaluate(item);
			if (isTrue(value) === (operand.name === 'or')) return value;
		}
		return carried.length > 0 ? carried[0] : value;
	}

	private call(
		called: string,
		method: Method | undefined,
		args: readonly unknown[],
		operand: Operand,
		command: Command | null,
		name: string,
	): unknown {
		try {
			return method?.(...args);
		} catch (error) {
			if (!(error instanceof TemplateError) || error.message.startsWith('template: ')) throw error;
			const arity = error.message.startsWith('wrong number of args');
			const text = command?.text ?? operand.text;
			throw this.error(
				name,
				operand.at,
				arity ? called : text,
				arity ? error.message : `error calling ${called}: ${error.message}`,
			);
		}
	}

	private operand(operand: Operand, dot: unknown, scope: Scope, name: string, args: readonly unknown[]): unknown {
		switch (operand.kind) {
			case 'dot':
				return dot;
			case 'nil':
				return null;
			case 'literal':
				return operand.value;
			case 'field':
				return this.follow(dot, operand.path, operand, name, args);
			case 'variable':
				return this.follow(scope.get(operand.name), operand.path, operand, name, args);
			case 'function':
				return this.call(operand.name, this.functions.get(operand.name), [], operand, null, name);
			case 'pipeline':
				return this.follow(this.pipeline(operand.pipeline, dot, scope, name), operand.path, operand, name, args);
		}
	}

	private follow(
		start: unknown,
		path: readonly string[],
		operand: Operand,
		name: string,
		args: readonly unknown[],
	): unknown {
		let value = start;
		path.forEach((member, index) => {
			const last = index === path.length - 1;
			value = this.member(value, member, operand, name, index, last ? args : []);
		});
		if (path.length === 0 && args.length > 0) {
			throw this.error(name, operand.at, operand.text, `can't give argument to non-function ${operand.text}`);
		}
		return value;
	}

	private member(
		receiver: unknown,
		member: string,
		operand: Operand,
		name: string,
		index: number,
		args: readonly unknown[],
	): unknown {
		const { missing = 'no-value', maps = mapMembers } = this.options;
		if (receiver === null || receiver === undefined) {
			if (missing === 'no-value' && index > 0 && receiver === undefined) return undefined;
			throw this.error(name, operand.at, operand.text, `nil data; no entry for key ${JSON.stringify(member)}`);
		}
		if (!isObject(receiver) || !hasMember(receiver, member)) {
			if (isObject(receiver) && this.isMap(receiver) && missing !== 'key-error') return undefined;
			throw this.error(name, operand.at, operand.text, this.missing(receiver, member, index));
		}
		const found = receiver[member];
		if (typeof found === 'function') {
			return this.call(member, (...given) => found.apply(receiver, given), args, operand, null, name);
		}
		if (args.length > 0) {
			const message = `${member} has arguments but cannot be invoked as function`;
			throw this.error(name, operand.at, operand.text, message);
		}
		if (maps.has(member) && isObject(found)) this.maps.add(found);
		return found;
	}

	private missing(receiver: unknown, member: string, index: number): string {
		const key = JSON.stringify(member);
		if (this.options.missing === 'key-error' && isObject(receiver)) return `map has no entry for key ${key}`;
		const ofAny = this.options.missing === 'key-error' && index > 0 ? 'interface {}' : typeOf(receiver);
		const type = isObject(receiver) && index === 0 ? (this.options.typeName ?? ofAny) : ofAny;
		return `can't evaluate field ${member} in type ${type}`;
	}

	private error(name: string, at: number, text: string, message: string): TemplateError {
		const line = this.tree.source.lastIndexOf('\n', at - 1) + 1;
		const lineNumber = syntaxError(this.tree.source, at, '').message.split(':')[2];
		return new TemplateError(
			`template: :${lineNumber}:${at - line}: executing ${JSON.stringify(name)} at <${text}>: ${message}`,
		);
	}
}

/** A scope inside another: sees what the outer one has, keeps its own declarations. */
class ScopeFrame {
	readonly scope: Scope;

	constructor(outer: Scope) {
		this.scope = new NestedScope(outer);
	}
}

class NestedScope extends Map<string, unknown> {
	constructor(private readonly outer: Scope) {
		super();
	}

	override get(name: string): unknown {
		return super.has(name) ? super.get(name) : this.outer.get(name);
	}

	/** Changes the variable where it was declared. */
	change(name: string, value: unknown): void {
		if (super.has(name)) super.set(name, value);
		else assign(this.outer, name, value);
	}
}

function declare(scope: Scope, name: string, value: unknown): void {
	scope.set(name, value);
}

function assign(scope: Scope, name: string, value: unknown): void {
	if (scope instanceof NestedScope) scope.change(name, value);
	else scope.set(name, value);
}

function hasMember(receiver: Record<string, unknown>, member: string): boolean {
	return member !== 'constructor' && !(member in Object.prototype) && member in receiver;
}
