import { existsSync, writeFileSync } from 'node:fs';
import { EngineError } from '../errors.ts';
import { cgroupDirectories } from '../kernel/cgroup.ts';
import type { RuntimeProgram } from './protocol.ts';
import type { OciResources } from './spec/types.ts';

/** Milliseconds that a runtime may take. */
const patience = 10_000;

/** The container to update: its id with the runtime, and its cgroup. */
export interface UpdateTarget {
	readonly id: string;
	readonly cgroupPath: string;
}

/** Sets limits of a container that runs, by the runtime's `update`; what is absent stays. @throws `invalid_argument`, `internal` with its message. */
export async function updateLimits(
	program: RuntimeProgram,
	{ id, cgroupPath }: UpdateTarget,
	resources: Omit<OciResources, 'devices'>,
): Promise<void> {
	const { pids, ...others } = resources;
	const unlimited = pids !== undefined && pids.limit < 0;
	await runUpdate(program, id, unlimited ? others : resources);
	// crun writes the specification's -1 as it is, which the kernel does not take.
	if (unlimited) removePidsLimit(cgroupPath);
}

function removePidsLimit(cgroupPath: string): void {
	for (const directory of cgroupDirectories(cgroupPath)) {
		if (existsSync(`${directory}/pids.max`)) writeFileSync(`${directory}/pids.max`, 'max');
	}
}

async function runUpdate(program: RuntimeProgram, id: string, resources: object): Promise<void> {
	if (Object.keys(resources).length === 0) return;
	// crun reads `-` by way of /dev/stdin, which a small host need not have.
	const child = Bun.spawn(
		[program.path, ...program.args, '--root', program.root, 'update', '-r', '/proc/self/fd/0', id],
		{
			stdio: [Buffer.from(JSON.stringify(resources)), 'ignore', 'pipe'],
			timeout: patience,
			killSignal: 'SIGKILL',
		},
	);
	const [code, message] = await Promise.all([child.exited, new Response(child.stderr).text()]);
	if (code === 0) return;
	// EINVAL and ERANGE: the value is none for the kernel. Others (EBUSY: more is in use) are not the caller's mistake.
	const mistaken = /invalid argument|out of range/i.test(message);
	throw new EngineError(
		mistaken ? 'invalid_argument' : 'internal',
		`${program.name} update: ${message.trim() || `exit code ${code}`}`,
	);
}
