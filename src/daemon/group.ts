import { readFileSync } from 'node:fs';
import { EngineError } from '../errors.ts';

/** The id of a group by name or number; null when there is none. @throws `invalid_argument` when `required`. */
export function lookupGroup(
	name: string,
	options: { readonly required: boolean } = { required: false },
): number | null {
	if (/^\d+$/.test(name)) return Number(name);
	for (const line of readFileSync('/etc/group', 'utf8').split('\n')) {
		const [group, , gid] = line.split(':');
		if (group === name && gid !== undefined) return Number(gid);
	}
	if (options.required)
		throw new EngineError(
			'invalid_argument',
			`could not change group of the socket to ${name}: group ${name} not found`,
		);
	return null;
}
