import { EngineError } from '../../../errors.ts';

/** One `VolumesFrom`: whose mounts, and whether all of them become read-only. */
export interface VolumesFrom {
	readonly container: string;
	readonly readOnly: boolean;
}

/** Words that mean nothing on Linux or to SELinux hosts only. */
const idle = new Set(['z', 'Z', 'consistent', 'cached', 'delegated']);

/** `CONTAINER[:MODE]`. @throws `invalid_argument` in dockerd's words. */
export function parseVolumesFrom(text: string): VolumesFrom {
	if (text === '') throw new EngineError('invalid_argument', 'volumes-from specification cannot be an empty string');
	const cut = text.indexOf(':');
	if (cut < 0) return { container: text, readOnly: false };
	const mode = text.slice(cut + 1);
	const words = mode === '' ? [] : mode.split(',');
	const groups = words.map((word) =>
		word === 'ro' || word === 'rw' ? 'access' : /^z$/i.test(word) ? 'label' : idle.has(word) ? 'consistency' : '',
	);
	if (groups.includes('') || new Set(groups).size < groups.length) {
		throw new EngineError('invalid_argument', `invalid mode: ${mode}`);
	}
	return { container: text.slice(0, cut), readOnly: words.includes('ro') };
}
