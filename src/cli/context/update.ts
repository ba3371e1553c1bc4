import { type CommandDef, exactly, string } from '../command.ts';
import { dockerFlag, readEndpoint } from '../contexts/endpoint-options.ts';
import { checkContextName } from '../contexts/name.ts';
import { contextsOf, defaultChoice } from '../contexts/of-command.ts';
import { describedAs, dockerMeta } from '../contexts/stored-context.ts';

export const command: CommandDef = {
	usage: 'CONTEXT',
	summary: 'Change the description or the daemon of a context',
	arity: exactly(1),
	flags: [string('description', '', 'What the context is for'), dockerFlag],
	async run(context, flags, [name = '']) {
		checkContextName(name);
		const store = contextsOf(context);
		const old = await store.read(name);
		const description = flags.string('description');
		const docker = flags.list('docker');
		const choice = docker.length === 0 ? null : await readEndpoint(docker, store, () => defaultChoice(context));
		const kept = choice === null ? null : await store.readTls(name);
		await store.write(
			{
				Name: name,
				Metadata: description === '' ? old.Metadata : describedAs(old.Metadata, description),
				Endpoints: choice === null ? old.Endpoints : { ...old.Endpoints, docker: dockerMeta(choice.endpoint) },
			},
			// What other endpoints have stays.
			kept === null || choice === null
				? null
				: new Map([...[...kept].filter(([endpoint]) => endpoint !== 'docker'), ...choice.tls]),
		);
		context.stdout.write(`${name}\n`);
		await context.stdout.flush();
		context.stderr.write(`Successfully updated context "${name}"\n`);
		return 0;
	},
};
