import type { ApiClient } from '../../client/client.ts';
import { codeOf, EngineError } from '../../errors.ts';
import { atLeast, bool, type CommandDef, string } from '../command.ts';
import { objectFormat } from '../filters.ts';
import { inspectObjects } from '../inspect-objects.ts';

/** Kinds of objects in the order in which a name is looked for. */
const kinds = ['container', 'image', 'network', 'volume'] as const;
type Kind = (typeof kinds)[number];

export const command: CommandDef = {
	usage: 'NAME|ID [NAME|ID...]',
	summary: 'Show all that is known of objects',
	arity: atLeast(1),
	flags: [
		objectFormat,
		bool('size', 's', 'Show sizes of containers'),
		string('type', '', 'Kind of the objects: container, image, network or volume'),
	],
	async run(context, flags, names) {
		const type = flags.string('type');
		const wanted = kinds.filter((kind) => type === '' || kind === type);
		if (flags.changed('type') && type === '')
			throw new EngineError(
				'invalid_argument',
				'type is empty: must be one of "container", "image", "network", "volume"',
			);
		if (wanted.length === 0) {
			throw new EngineError(
				'invalid_argument',
				`unknown type: "${type}": must be one of "container", "image", "network", "volume"`,
			);
		}
		const client = await context.client();
		const size = flags.bool('size');
		return inspectObjects(context, names, flags.string('format'), (name) => findFirst(client, wanted, name, size));
	},
};

async function findFirst(client: ApiClient, wanted: readonly Kind[], name: string, size: boolean): Promise<unknown> {
	for (const kind of wanted) {
		try {
			return await inspectOne(client, kind, name, size);
		} catch (error) {
			// A daemon need not have every kind.
			const absent = codeOf(error) === 'not_found' || codeOf(error) === 'unsupported';
			if (wanted.length === 1 || !absent) throw error;
		}
	}
	throw new EngineError('not_found', `Error: No such object: ${name}`);
}

async function inspectOne(client: ApiClient, kind: Kind, name: string, size: boolean): Promise<unknown> {
	switch (kind) {
		case 'container':
			return (await import('../../client/containers.ts')).containersOf(client).inspect(name, size);
		case 'image':
			return (await import('../../client/images.ts')).imagesOf(client).inspect(name);
		case 'network':
			return (await import('../../client/networks.ts')).networksOf(client).inspect(name);
		case 'volume':
			return (await import('../../client/volumes.ts')).volumesOf(client).inspect(name);
	}
}
