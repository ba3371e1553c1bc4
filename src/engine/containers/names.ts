import { randomInt } from 'node:crypto';
import { EngineError } from '../../errors.ts';

const adjectives =
	'able airy amber ample azure bold brave breezy bright brisk calm candid clever cosy crisp daring deft eager early fair fleet fond frank fresh gentle glad golden grand hardy hearty honest jolly keen kind lively loyal lucid mellow merry mild neat nimble noble patient plucky polite prompt proud quick quiet ready robust rosy round sage serene sharp silver smooth snug solid spry steady stout sunny sure swift tidy trim true vivid warm wise witty zesty'.split(
		' ',
	);
const machines =
	'anchor anvil axle barge beacon beam bellows block boom bridge buoy cable capstan cargo chain clamp cleat cog compass cradle crane davit deck derrick dock dolly ferry flange flywheel forge gantry gauge girder harbor hatch hawser hoist hook hull jib keel lathe lever lift mast mill mooring mortar pallet pier pinion piston pivot plumb portal pulley quay rail ratchet reel rigging rivet rudder sail shackle sling spar spindle spool strut tackle tower track trestle trolley truss turbine vessel wharf wheel winch yard'.split(
		' ',
	);

/** The characters of a container's or volume's name. */
export const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** A name that nobody has yet, such as `brisk_winch`. `taken` says which ones are in use. */
export function makeName(taken: (name: string) => boolean): string {
	for (let attempt = 0; ; attempt++) {
		const base = `${pick(adjectives)}_${pick(machines)}`;
		const name = attempt < 6 ? base : `${base}${randomInt(10_000)}`;
		if (!taken(name)) return name;
	}
}

function pick(words: readonly string[]): string {
	return words[randomInt(words.length)] ?? 'gantry';
}

/** @throws EngineError `invalid_argument` for a name that docker would not take either. Returns it without the leading slash. */
export function checkName(given: string): string {
	const name = given.startsWith('/') ? given.slice(1) : given;
	if (!namePattern.test(name)) {
		throw new EngineError(
			'invalid_argument',
			`Invalid container name (${given}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
		);
	}
	return name;
}
