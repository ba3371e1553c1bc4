import { codeOf, EngineError } from '../../../errors.ts';
import type { Caller } from '../../../events/types.ts';
import type { Digest } from '../../../oci/digest.ts';
import type { ImageExecConfig } from '../../../oci/types.ts';
import type { FileTrees } from '../../../store/files/trees.ts';
import type { ContainerSet } from '../container-set.ts';
import type { Container, ContainerConfig } from '../model.ts';
import type { ImageCommits, RootFilesystem } from '../ports.ts';
import type { ContainerControls } from '../service.ts';
import type { CommitOptions } from './service.ts';

export interface CommitDependencies {
	readonly containers: ContainerSet;
	readonly controls: Pick<ContainerControls, 'pause' | 'unpause'>;
	readonly describe: (containerId: string) => RootFilesystem | null;
	readonly trees: FileTrees;
	readonly images: ImageCommits;
}

/** Makes an image of what a container changed; one that runs stands still while its files are read, if so wished. */
export async function commitContainer(
	dependencies: CommitDependencies,
	ref: string,
	options: CommitOptions,
	caller: Caller,
	signal: AbortSignal,
): Promise<Digest> {
	const { containers, trees, images } = dependencies;
	const container = containers.resolve(ref);
	const root = dependencies.describe(container.id);
	if (container.state.at === 'removing' || root === null) {
		throw new EngineError('conflict', `You cannot commit container ${container.id} which is being removed`);
	}
	let resume: (() => Promise<void>) | null = null;
	async function* layer(abort: AbortSignal): AsyncGenerator<Uint8Array> {
		if (options.pause) resume = await standStill(dependencies, container, caller);
		yield* await trees.layer(root?.upper ?? '', abort);
	}
	const request = {
		...options,
		imageId: container.imageId,
		containerId: container.id,
		containerConfig: imageConfigOf(container.config),
		openLayer: layer,
	};
	const goOn = async (): Promise<void> => resume?.();
	try {
		const { id, name } = await images.commit(request, caller, signal);
		if (containers.find(container.id) !== undefined) {
			const attributes = { comment: options.comment, imageID: id, imageRef: name };
			containers.update(container.id, (one) => one, { action: 'commit', attributes, caller });
		}
		return id;
	} finally {
		await goOn();
	}
}

/** Pauses a container that runs; gives what lets it go on. */
async function standStill(
	{ containers, controls }: CommitDependencies,
	{ id }: Container,
	caller: Caller,
): Promise<(() => Promise<void>) | null> {
	if (containers.find(id)?.state.at !== 'running') return null;
	try {
		await controls.pause(id, caller);
	} catch (error) {
		// It ended just now.
		if (codeOf(error) === 'conflict' && containers.find(id)?.state.at !== 'running') return null;
		throw error;
	}
	return async () => {
		try {
			await controls.unpause(id, caller);
		} catch (error) {
			// Killed, or let go on by somebody else, meanwhile.
			if (containers.find(id)?.state.at === 'paused') throw error;
		}
	};
}

const keys = (names: readonly string[]): Readonly<Record<string, unknown>> =>
	Object.fromEntries(names.map((name) => [name, {}]));

function imageConfigOf(config: ContainerConfig): ImageExecConfig {
	return {
		User: config.user,
		...(config.exposedPorts.length === 0 ? {} : { ExposedPorts: keys(config.exposedPorts) }),
		Env: config.env,
		Cmd: config.cmd,
		...(config.healthcheck === null ? {} : { Healthcheck: config.healthcheck }),
		...(config.argsEscaped ? { ArgsEscaped: true } : {}),
		Volumes: config.volumes.length === 0 ? null : keys(config.volumes),
		WorkingDir: config.workingDir,
		Entrypoint: config.entrypoint,
		OnBuild: config.onBuild,
		Labels: config.labels,
		...(config.stopSignal === null ? {} : { StopSignal: config.stopSignal }),
		...(config.shell === null ? {} : { Shell: config.shell }),
	};
}
