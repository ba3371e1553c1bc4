import type { Healthcheck, ImageExecConfig } from '../../../oci/types.ts';

/** What `given` leaves open is taken from `base`, as Docker does for a commit. */
export function mergeConfig(given: ImageExecConfig, base: ImageExecConfig): ImageExecConfig {
	const merged: { -readonly [K in keyof ImageExecConfig]: ImageExecConfig[K] } = { ...base, ...defined(given) };
	if (!given.User && base.User) merged.User = base.User;
	if (!given.WorkingDir && base.WorkingDir) merged.WorkingDir = base.WorkingDir;
	if (!given.StopSignal && base.StopSignal) merged.StopSignal = base.StopSignal;
	merged.Env = mergeEnv(given.Env ?? [], base.Env ?? []);
	if (given.Labels || base.Labels) merged.Labels = { ...base.Labels, ...given.Labels };
	if (given.ExposedPorts || base.ExposedPorts) merged.ExposedPorts = { ...base.ExposedPorts, ...given.ExposedPorts };
	if (given.Volumes || base.Volumes) merged.Volumes = { ...base.Volumes, ...given.Volumes };
	merged.Entrypoint = given.Entrypoint ?? base.Entrypoint ?? null;
	// A command of the base belongs to its entrypoint: another entrypoint does without it.
	const ownEntrypoint = (given.Entrypoint ?? []).length > 0;
	const ownCommand = (given.Cmd ?? []).length > 0;
	merged.Cmd = ownCommand || ownEntrypoint ? (given.Cmd ?? null) : (base.Cmd ?? null);
	if (given.Healthcheck && base.Healthcheck) merged.Healthcheck = mergeHealthcheck(given.Healthcheck, base.Healthcheck);
	return merged;
}

function defined(config: ImageExecConfig): ImageExecConfig {
	return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== null && value !== undefined));
}

function mergeEnv(given: readonly string[], base: readonly string[]): readonly string[] {
	const nameOf = (entry: string): string => entry.split('=', 1)[0] ?? '';
	const names = new Set(given.map(nameOf));
	return [...given, ...base.filter((entry) => !names.has(nameOf(entry)))];
}

function mergeHealthcheck(given: Healthcheck, base: Healthcheck): Healthcheck {
	const set = Object.entries(given).filter(([key, value]) =>
		key === 'Test' ? Array.isArray(value) && value.length > 0 : value !== 0,
	);
	return { ...base, ...Object.fromEntries(set) };
}
