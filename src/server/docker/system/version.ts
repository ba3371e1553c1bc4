import type { SystemVersion } from '../../../api/system.ts';
import { apiVersion, minApiVersion } from '../../../api/versions.ts';
import type { System } from '../../../engine/system/service.ts';

/** The answer of `GET /version`: the engine, and the programs that it works with. */
export async function versionResponse(system: System): Promise<SystemVersion> {
	const facts = system.facts();
	const { init } = await system.programs();
	const engine = {
		ApiVersion: apiVersion,
		Arch: facts.architecture,
		BuildTime: facts.buildTime,
		Experimental: 'false',
		GitCommit: facts.gitCommit,
		// It is not a Go program; clients print the field.
		GoVersion: '',
		KernelVersion: facts.kernelVersion,
		MinAPIVersion: minApiVersion,
		Os: 'linux',
	};
	return {
		Platform: { Name: 'Gantry' },
		Components: [
			{ Name: 'Engine', Version: facts.version, Details: engine },
			...[...facts.runtimes].map(([name, { version, commit }]) => ({
				Name: name,
				Version: version,
				Details: { GitCommit: commit },
			})),
			...(init === null ? [] : [{ Name: 'docker-init', Version: init.version, Details: { GitCommit: init.commit } }]),
		],
		Version: facts.version,
		ApiVersion: apiVersion,
		MinAPIVersion: minApiVersion,
		GitCommit: facts.gitCommit,
		GoVersion: '',
		Os: 'linux',
		Arch: facts.architecture,
		KernelVersion: facts.kernelVersion,
		BuildTime: facts.buildTime,
	};
}
