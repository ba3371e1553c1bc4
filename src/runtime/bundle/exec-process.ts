import { capabilitySets, chooseCapabilities } from '../spec/capabilities.ts';
import { defaultEnv } from '../spec/env.ts';
import type { HostFacts } from '../spec/input.ts';
import type { OciProcess, OciSpec } from '../spec/types.ts';
import { type ResolvedUser, resolveUser } from '../spec/user.ts';

/** What an exec asks for, over what the container has. */
export interface ExecRequest {
	readonly args: readonly string[];
	/** Added to the container's. */
	readonly env: readonly string[];
	/** `''`: the container's. */
	readonly cwd: string;
	/** `user[:group]`; `''`: the container's. */
	readonly user: string;
	readonly tty: boolean;
	readonly privileged: boolean;
	readonly consoleSize: readonly [number, number] | null;
}

/** The container that an exec joins: its specification, and its root as seen from the host (`/proc/PID/root` or the mounted one). */
export interface ExecContainer {
	readonly spec: OciSpec;
	readonly rootfs: string;
	readonly host: HostFacts;
}

/** The OCI process document of an exec. @throws `invalid_argument` for a user that does not exist */
export function execProcess(request: ExecRequest, { spec, rootfs, host }: ExecContainer): OciProcess {
	const { process } = spec;
	const user = request.user === '' ? null : resolveUser(rootfs, request.user);
	const { oomScoreAdj: _, consoleSize: __, ...inherited } = process;
	const size = request.tty ? request.consoleSize : null;
	const capabilities = request.privileged
		? capabilitySets(chooseCapabilities({ privileged: true, add: [], drop: [], available: host.capabilities }))
		: process.capabilities;
	return {
		...inherited,
		terminal: request.tty,
		...(size !== null && size[0] > 0 && size[1] > 0 ? { consoleSize: { height: size[0], width: size[1] } } : {}),
		args: request.args,
		env: execEnv(request, process.env, user),
		cwd: request.cwd === '' ? process.cwd : request.cwd,
		user: user === null ? process.user : { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids },
		capabilities,
	};
}

function execEnv(request: ExecRequest, container: readonly string[], user: ResolvedUser | null): string[] {
	const inherited = user === null ? container : container.filter((entry) => !entry.startsWith('HOME='));
	const hostname = container.find((entry) => entry.startsWith('HOSTNAME='))?.slice('HOSTNAME='.length) ?? '';
	const env = [...inherited, ...request.env];
	return defaultEnv({ env, hostname, tty: request.tty, home: user?.home ?? '/' });
}
