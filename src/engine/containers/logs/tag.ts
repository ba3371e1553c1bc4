import { messageOf } from '../../../errors.ts';
import type { Container } from '../model.ts';
import { notInitialized } from './option-values.ts';

/** What Docker calls its daemon in tags; collectors are set up for it. */
const daemonName = 'docker';

/** What a log knows of its container. */
export interface LogInfo {
	readonly container: Container;
	/** Of this host. */
	readonly hostname: string;
	readonly logPath: string;
}

/** Command line of the container. */
export function commandOf({ path, args }: Container): string {
	return [path, ...args].join(' ');
}

/**
 * The tag after a Go template over the container. `''`: the default, its short id.
 * @throws `invalid_argument` for a template that is wrong
 */
export async function renderTag(template: string, info: LogInfo): Promise<string> {
	const { container } = info;
	if (template === '' || template === '{{.ID}}') return container.id.slice(0, 12);
	if (!template.includes('{{')) return template;
	const { compileTemplate } = await import('../../../lib/template/template.ts');
	try {
		const text = compileTemplate(template, {
			missing: 'field-error',
			typeName: '*logger.Info',
			maps: new Set(['ContainerLabels', 'Config']),
		})(tagData(info));
		return text;
	} catch (error) {
		throw notInitialized(
			messageOf(error)
				.replace(/^template: :/, 'template: log-tag:')
				.replace('executing ""', 'executing "log-tag"'),
		);
	}
}

function tagData({ container, hostname, logPath }: LogInfo): Readonly<Record<string, unknown>> {
	return {
		Config: container.hostConfig.logOptions,
		ContainerID: container.id,
		ContainerName: `/${container.name}`,
		ContainerEntrypoint: container.path,
		ContainerArgs: container.args,
		ContainerImageID: container.imageId,
		ContainerImageName: container.config.image,
		ContainerCreated: container.createdAt,
		ContainerEnv: container.config.env,
		ContainerLabels: container.config.labels,
		LogPath: logPath,
		DaemonName: daemonName,
		Command: commandOf(container),
		ID: container.id.slice(0, 12),
		FullID: container.id,
		Name: container.name,
		ImageID: container.imageId.slice(0, 12),
		ImageFullID: container.imageId,
		ImageName: container.config.image,
		Hostname: hostname,
	};
}
