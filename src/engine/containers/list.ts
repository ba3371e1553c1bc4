import { EngineError } from '../../errors.ts';
import type { Filters } from '../filters.ts';
import type { ContainerSet } from './container-set.ts';
import type { Container } from './model.ts';

/** docker's word for a state. */
export function stateWord(container: Container): string {
	const { state } = container;
	if (state.at === 'exited' && state.restarting === true) return 'restarting';
	return state.at;
}

/** Which images count as `ancestor`: given a reference, the ids that it and its ancestors stand for. */
export type AncestorLookup = (ref: string) => ReadonlySet<string>;

/** What filters need beside the records. */
export interface Lookups {
	readonly ancestors: AncestorLookup;
	/** `none` without a health check. */
	readonly health: (id: string) => string;
}

type Predicate = (container: Container, value: string) => boolean;

const states = new Set(['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead']);

function matchesName(container: Container, pattern: string): boolean {
	let regex: RegExp;
	try {
		regex = new RegExp(pattern);
	} catch {
		return container.name.includes(pattern);
	}
	return regex.test(container.name) || regex.test(`/${container.name}`);
}

function matchesLabel(container: Container, wanted: string): boolean {
	const cut = wanted.indexOf('=');
	const key = cut < 0 ? wanted : wanted.slice(0, cut);
	const value = container.config.labels[key];
	return value !== undefined && (cut < 0 || value === wanted.slice(cut + 1));
}

/** `80`, `80/tcp`, `8000-8010/udp` against a port such as `80/tcp`. */
function matchesPort(port: string, wanted: string): boolean {
	const [range = '', protocol = 'tcp'] = wanted.split('/');
	const [first = '', last = first] = range.split('-');
	const [number = '', portProtocol = 'tcp'] = port.split('/');
	return portProtocol === protocol && Number(number) >= Number(first) && Number(number) <= Number(last);
}

function checkValue(key: string, value: string, set: ContainerSet): void {
	if (key === 'status' && !states.has(value)) {
		throw new EngineError('invalid_argument', `invalid filter 'status=${value}'`);
	}
	if (key === 'health' && !['starting', 'healthy', 'unhealthy', 'none'].includes(value)) {
		throw new EngineError('invalid_argument', `Unrecognised filter value for health: ${value}`);
	}
	if (key === 'exited' && !/^-?\d+$/.test(value)) {
		throw new EngineError('invalid_argument', `invalid filter 'exited=${value}': give a number`);
	}
	if (key === 'is-task' && !/^(true|false|0|1)$/i.test(value)) {
		throw new EngineError('invalid_argument', `invalid filter 'is-task=${value}'`);
	}
	if (key === 'before' || key === 'since') set.resolve(value);
}

function predicates(set: ContainerSet, { ancestors, health }: Lookups): Readonly<Record<string, Predicate>> {
	const age = (container: Container) => set.all().findIndex((one) => one.id === container.id);
	return {
		id: (container, value) => container.id.startsWith(value),
		name: matchesName,
		label: matchesLabel,
		status: (container, value) => stateWord(container) === value,
		exited: (container, value) =>
			container.state.at === 'exited' && container.state.restarting !== true && container.state.code === Number(value),
		ancestor: (container, value) => ancestors(value).has(container.imageId) || container.config.image === value,
		before: (container, value) => age(container) > age(set.resolve(value)),
		since: (container, value) => age(container) < age(set.resolve(value)),
		volume: (container, value) =>
			container.mountPoints.some((one) => one.name === value || one.destination === value || one.source === value),
		network: (container, value) =>
			container.hostConfig.networkMode === value ||
			container.endpoints.some((one) => one.networkName === value || (value !== '' && one.networkId.startsWith(value))),
		publish: (container, value) =>
			container.ports.some((port) => matchesPort(`${port.hostPort}/${port.protocol}`, value)),
		expose: (container, value) => container.config.exposedPorts.some((port) => matchesPort(port, value)),
		health: (container, value) => value === health(container.id),
		'is-task': (_container, value) => /^(false|0)$/i.test(value),
		isolation: () => true,
	};
}

/** Containers that match, newest first. Values of one key are alternatives, except labels, which must all match. */
export function listContainers(
	set: ContainerSet,
	options: { readonly all: boolean; readonly limit: number; readonly filters: Filters },
	lookups: Lookups,
): readonly Container[] {
	const known = predicates(set, lookups);
	const tests: ((container: Container) => boolean)[] = [];
	for (const [key, values] of options.filters) {
		const predicate = known[key];
		if (predicate === undefined) throw new EngineError('invalid_argument', `invalid filter '${key}'`);
		for (const value of values) checkValue(key, value, set);
		if (key === 'label') tests.push((container) => values.every((value) => predicate(container, value)));
		else tests.push((container) => values.some((value) => predicate(container, value)));
	}
	const { filters } = options;
	const everything =
		options.all ||
		options.limit > 0 ||
		filters.has('status') ||
		filters.has('exited') ||
		filters.has('since') ||
		filters.has('before');
	const matching = set.all().filter((container) => {
		if (!everything && !['running', 'paused', 'restarting'].includes(stateWord(container))) return false;
		return tests.every((test) => test(container));
	});
	return options.limit > 0 ? matching.slice(0, options.limit) : matching;
}
