import { EngineError } from '../../errors.ts';
import type { Handler } from './exchange.ts';

/**
 * One route. In `pattern`, `{name}` takes one segment and `{name...}` one or more (image names have slashes).
 */
export interface Route {
	readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
	readonly pattern: string;
	readonly handler: Handler;
}

interface Compiled extends Route {
	readonly expression: RegExp;
	readonly names: readonly string[];
}

/** What a path led to. */
export interface Match {
	readonly handler: Handler;
	readonly params: Readonly<Record<string, string>>;
}

/** Finds the route of a method and a path; the first that fits wins. */
export interface Router {
	/** @throws EngineError `not_found` (`page not found`), `invalid_argument` for a path that cannot be decoded. */
	find(method: string, path: string): Match;
}

function compile(route: Route): Compiled {
	const names: string[] = [];
	const source = route.pattern
		.replace(/[.]/g, '\\.')
		.replace(/\{(\w+)((?:\\\.){3})?\}/g, (_all, name: string, many) => {
			names.push(name);
			return many === undefined ? '([^/]+)' : '(.+)';
		});
	return { ...route, names, expression: new RegExp(`^${source}$`) };
}

/** Makes a router. A HEAD request is served by the GET route when it has none of its own. */
export function createRouter(routes: readonly Route[]): Router {
	const compiled = routes.map(compile);
	const search = (method: string, path: string): Match | null => {
		for (const route of compiled) {
			if (route.method !== method) continue;
			const match = route.expression.exec(path);
			if (match === null) continue;
			return { handler: route.handler, params: decodeParams(route.names, match.slice(1)) };
		}
		return null;
	};
	return {
		find(method, path) {
			const found = search(method, path) ?? (method === 'HEAD' ? search('GET', path) : null);
			if (found === null) throw new EngineError('not_found', 'page not found');
			return found;
		},
	};
}

function decodeParams(names: readonly string[], values: readonly string[]): Record<string, string> {
	const params: Record<string, string> = {};
	for (const [index, name] of names.entries()) {
		const raw = values[index] ?? '';
		try {
			params[name] = decodeURIComponent(raw);
		} catch (error) {
			throw new EngineError('invalid_argument', `invalid URL escape in ${JSON.stringify(raw)}`, { cause: error });
		}
		if (params[name]?.includes('\0')) throw new EngineError('invalid_argument', `${name} must not contain a NUL byte`);
	}
	return params;
}
