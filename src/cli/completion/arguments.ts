import type { Kind } from './objects.ts';

/** What the arguments of a command name: one kind for all of them, or one after the other; the last goes on with `…`. */
export const argumentKinds: Readonly<Record<string, readonly (Kind | '…')[]>> = {
	'container attach': ['running'],
	'container commit': ['container'],
	'container cp': ['copy', 'copy'],
	'container create': ['image', 'file', '…'],
	'container diff': ['container'],
	'container exec': ['running', 'file', '…'],
	'container export': ['container'],
	'container inspect': ['container', '…'],
	'container kill': ['running', '…'],
	'container logs': ['container'],
	'container pause': ['running', '…'],
	'container port': ['running'],
	'container rename': ['container'],
	'container restart': ['container', '…'],
	'container rm': ['container', '…'],
	'container run': ['image', 'file', '…'],
	'container start': ['stopped', '…'],
	'container stats': ['running', '…'],
	'container stop': ['running', '…'],
	'container top': ['running'],
	'container unpause': ['paused', '…'],
	'container update': ['container', '…'],
	'container wait': ['running', '…'],
	'context export': ['context', 'file'],
	'context import': ['context', 'file'],
	'context inspect': ['context', '…'],
	'context rm': ['context', '…'],
	'context update': ['context'],
	'context use': ['context'],
	'image history': ['image'],
	'image import': ['file', 'image'],
	'image inspect': ['image', '…'],
	'image ls': ['image'],
	'image push': ['image'],
	'image rm': ['image', '…'],
	'image save': ['image', '…'],
	'image tag': ['image', 'image'],
	'network connect': ['network', 'container'],
	'network disconnect': ['network', 'container'],
	'network inspect': ['network', '…'],
	'network rm': ['network', '…'],
	'volume inspect': ['volume', '…'],
	'volume rm': ['volume', '…'],
	'volume update': ['volume'],
	inspect: ['object', '…'],
};

/** What the argument at this place names; null: nothing that could be listed. */
export function kindAt(command: string, place: number): Kind | null {
	const kinds = argumentKinds[command] ?? [];
	const open = kinds.at(-1) === '…';
	const kind = open && place >= kinds.length - 1 ? kinds.at(-2) : kinds[place];
	return kind === undefined || kind === '…' ? null : kind;
}
