import { dieWithParent } from '../../kernel/parent-death.ts';
import { type MountJob, mountDevice } from './mount-device.ts';

/** What the role says when it is done. */
export interface MountAnswer {
	/** null: mounted. */
	readonly failure: string | null;
}

/**
 * The role `mount-volume`: one {@link MountJob} comes as JSON on stdin (it may hold a password), one {@link MountAnswer}
 * goes to stdout. A process of its own, because mount(2) of a network filesystem waits for its server.
 */
export async function runMountVolume(): Promise<void> {
	dieWithParent();
	const job = JSON.parse(await Bun.stdin.text()) as MountJob;
	const answer: MountAnswer = { failure: mountDevice(job) };
	process.stdout.write(`${JSON.stringify(answer)}\n`);
}

/** Milliseconds until a mount is given up. */
const patience = 180_000;

/** Mounts in a process of its own. `command`: how to run this program in that role. Resolves like {@link mountDevice}. */
export async function mountApart(command: readonly string[], job: MountJob): Promise<string | null> {
	const child = Bun.spawn([...command], {
		stdin: Buffer.from(JSON.stringify(job)),
		stdout: 'pipe',
		stderr: 'pipe',
		timeout: patience,
		killSignal: 'SIGKILL',
	});
	const [text, complaints] = await Promise.all([
		new Response(child.stdout).text(),
		new Response(child.stderr).text(),
		child.exited,
	]);
	if (text === '') return `mount ${job.device}:${job.target}: ${complaints.trim() || 'connection timed out'}`;
	return (JSON.parse(text) as MountAnswer).failure;
}
