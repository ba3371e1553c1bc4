import { imagesOf } from '../../client/images.ts';
import { codeOf, EngineError } from '../../errors.ts';
import { atLeast, bool, type CommandDef, list } from '../command.ts';

export const command: CommandDef = {
	usage: 'IMAGE [IMAGE...]',
	summary: 'Remove images',
	arity: atLeast(1),
	flags: [
		bool('force', 'f', 'Remove it even when other names or stopped containers use it'),
		bool('no-prune', '', 'Keep the untagged images that it was made of'),
		{ ...list('platform', '', 'Remove only these platforms: os/arch[/variant],…'), type: 'strings' },
	],
	async run(context, flags, names) {
		const images = imagesOf(await context.client());
		const force = flags.bool('force');
		let code = 0;
		for (const name of names) {
			try {
				const platforms = flags
					.list('platform')
					.flatMap((text) => text.split(','))
					.map(platformJson);
				const items = await images.remove(name, { force, noprune: flags.bool('no-prune'), platforms });
				for (const { Untagged, Deleted } of items ?? []) {
					context.stdout.write(
						Deleted === undefined || Deleted === '' ? `Untagged: ${Untagged}\n` : `Deleted: ${Deleted}\n`,
					);
				}
			} catch (error) {
				if (!(error instanceof EngineError)) throw error;
				await context.stdout.flush();
				context.stderr.write(`${error.message}\n`);
				if (!force || codeOf(error) !== 'not_found') code = 1;
			}
		}
		return code;
	},
};

/** A platform as the API takes it in a query. */
function platformJson(text: string): string {
	const [os = '', architecture = '', variant] = text.split('/');
	return JSON.stringify({ architecture, os, ...(variant === undefined ? {} : { variant }) });
}
