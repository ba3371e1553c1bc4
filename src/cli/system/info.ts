import { systemOf } from '../../client/system.ts';
import { EngineError } from '../../errors.ts';
import { buildInfo } from '../../lib/build-info.ts';
import { type CommandDef, noArguments } from '../command.ts';
import { currentContextName } from '../contexts/name.ts';
import { objectFormat } from '../filters.ts';
import { serverInfoText } from './info-text.ts';

export const command: CommandDef = {
	usage: '',
	summary: 'Show facts about the engine and its host',
	arity: noArguments,
	flags: [objectFormat],
	async run(context, flags) {
		const format = flags.string('format');
		const name = await currentContextName(context.globals, context.env, () => context.config());
		const client = { Version: buildInfo.version, Context: name, Debug: context.debug };
		let failure: EngineError | null = null;
		let info = {};
		try {
			info = await systemOf(await context.client()).info();
		} catch (error) {
			if (!(error instanceof EngineError)) throw error;
			failure = error;
		}
		if (format !== '') {
			if (failure !== null) throw failure;
			const { compileTemplate, mapMembers, parsingError, TemplateError } = await import(
				'../../lib/template/template.ts'
			);
			const { describedPlugins } = await import('../plugins/run.ts');
			const Plugins = (await describedPlugins(context)).map(({ plugin, metadata }) => ({
				...metadata,
				Name: plugin.name,
				Path: plugin.path,
			}));
			try {
				const source = format === 'json' ? '{{json .}}' : format;
				const render = compileTemplate(source, {
					missing: 'field-error',
					typeName: 'system.dockerInfo',
					maps: mapMembers,
				});
				context.stdout.write(`${render({ ...info, ClientInfo: { ...client, Plugins, Warnings: null } })}\n`);
			} catch (error) {
				throw error instanceof TemplateError ? parsingError(error) : error;
			}
			return 0;
		}
		context.stdout.write(
			`Client: Gantry\n Version:    ${client.Version}\n Context:    ${name}\n Debug Mode: ${client.Debug}\n\nServer:\n`,
		);
		if (failure === null) {
			const { text, warnings } = serverInfoText(info);
			context.stdout.write(text);
			await context.stdout.flush();
			for (const warning of warnings) context.stderr.write(`${warning}\n`);
			return 0;
		}
		await context.stdout.flush();
		context.stderr.write(`${failure.message}\n`);
		return 1;
	},
};
