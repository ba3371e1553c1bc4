import { EngineError } from '../errors.ts';
import type { RuntimeProgram } from './protocol.ts';

/** Milliseconds that a runtime may take. */
const patience = 10_000;

/** Freezes all processes of a container, or thaws them, by the runtime's `pause` and `resume`. @throws `internal` with its message. */
export async function setFrozen(program: RuntimeProgram, id: string, frozen: boolean): Promise<void> {
	const verb = frozen ? 'pause' : 'resume';
	const child = Bun.spawn([program.path, ...program.args, '--root', program.root, verb, id], {
		stdio: ['ignore', 'ignore', 'pipe'],
		timeout: patience,
	});
	const [code, message] = await Promise.all([child.exited, new Response(child.stderr).text()]);
	if (code !== 0)
		throw new EngineError('internal', `${program.name} ${verb}: ${message.trim() || `exit code ${code}`}`);
}
