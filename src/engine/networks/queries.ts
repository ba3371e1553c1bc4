import { EngineError } from '../../errors.ts';
import type { Filters } from '../filters.ts';
import type { Network, NetworkMember, NetworkQueries } from './service.ts';

const builtin = new Set(['bridge', 'host', 'none']);

function hasLabel(network: Network, wanted: string): boolean {
	const at = wanted.indexOf('=');
	if (at < 0) return wanted in network.labels;
	return network.labels[wanted.slice(0, at)] === wanted.slice(at + 1);
}

/** Docker's filters on networks. Each: does the network match this one value? */
const matchers: Readonly<Record<string, (network: Network, value: string, members: number) => boolean>> = {
	id: (network, value) => network.id.startsWith(value),
	name: (network, value) => network.name.includes(value),
	driver: (network, value) => network.driver === value,
	label: hasLabel,
	scope: (_network, value) => value === 'local',
	type: (network, value) => {
		if (value !== 'custom' && value !== 'builtin')
			throw new EngineError('invalid_argument', `invalid filter: 'type'='${value}'`);
		return builtin.has(network.name) === (value === 'builtin');
	},
	dangling: (network, value, members) => {
		if (!/^(1|t|true|0|f|false)$/i.test(value))
			throw new EngineError('invalid_argument', `invalid filter 'dangling=[${value}]'`);
		return (!builtin.has(network.name) && members === 0) === /^(1|t|true)$/i.test(value);
	},
};

/** Reading of the networks that `networks` gives, with the containers that `members` gives. */
export function createNetworkQueries(
	networks: () => readonly Network[],
	members: (id: string) => readonly NetworkMember[],
): NetworkQueries {
	return {
		get(ref) {
			const all = networks();
			const exact = all.find(({ name }) => name === ref) ?? all.find(({ id }) => id === ref);
			if (exact !== undefined) return exact;
			const [found, another] = ref === '' ? [] : all.filter(({ id }) => id.startsWith(ref));
			if (found === undefined) throw new EngineError('not_found', `network ${ref} not found`);
			if (another !== undefined)
				throw new EngineError('invalid_argument', `network ${ref} is ambiguous (2 matches found based on ID prefix)`);
			return found;
		},
		list(filters: Filters) {
			for (const key of filters.keys()) {
				if (!(key in matchers)) throw new EngineError('invalid_argument', `invalid filter '${key}'`);
			}
			return networks().filter((network) =>
				[...filters].every(([key, values]) => {
					const matches = (value: string) => matchers[key]?.(network, value, members(network.id).length) === true;
					// Labels add up; of the values of other keys any suffices.
					return key === 'label' ? values.every(matches) : values.some(matches);
				}),
			);
		},
		members,
	};
}
