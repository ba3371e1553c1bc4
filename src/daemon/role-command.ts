import { ownProgram } from '../runtime/shims.ts';

/** How to start this program in another role. */
export function roleCommand(role: string): readonly string[] {
	const { executable, argvPrefix } = ownProgram();
	return [executable, ...argvPrefix, role];
}
