import type { SystemVersion } from '../../api/system.ts';
import { maxApiVersion } from '../../client/client.ts';
import { systemOf } from '../../client/system.ts';
import { EngineError } from '../../errors.ts';
import { buildInfo } from '../../lib/build-info.ts';
import { type CommandDef, noArguments } from '../command.ts';
import { currentContextName } from '../contexts/name.ts';
import { objectFormat } from '../filters.ts';

export const command: CommandDef = {
	usage: '',
	summary: 'Show the versions of client and daemon',
	arity: noArguments,
	flags: [objectFormat],
	async run(context, flags) {
		const client = await context.client();
		const format = flags.string('format');
		let server: SystemVersion | null = null;
		let failure: EngineError | null = null;
		try {
			server = await systemOf(client).version();
		} catch (error) {
			if (!(error instanceof EngineError)) throw error;
			failure = error;
		}
		const ours = {
			Version: buildInfo.version,
			ApiVersion: client.apiVersion,
			DefaultAPIVersion: maxApiVersion,
			GitCommit: buildInfo.commit,
			Os: 'linux',
			Arch: process.arch === 'x64' ? 'amd64' : process.arch,
			BuildTime: buildTime(buildInfo.built),
			Context: await currentContextName(context.globals, context.env, () => context.config()),
		};
		if (format === '') context.stdout.write(clientText(ours) + (server === null ? '' : serverText(server)));
		else {
			const { compileTemplate, parsingError, TemplateError } = await import('../../lib/template/template.ts');
			try {
				const render = compileTemplate(format === 'json' ? '{{json .}}' : format, {
					missing: 'field-error',
					typeName: 'system.versionInfo',
				});
				const data = { Client: asStruct(ours), Server: server === null ? null : asStruct(readable(server)) };
				context.stdout.write(`${render(data)}\n`);
			} catch (error) {
				// A template that wants the server's part fails because there is none.
				if (failure !== null) throw failure;
				throw error instanceof TemplateError ? parsingError(error) : error;
			}
		}
		await context.stdout.flush();
		if (failure === null) return 0;
		context.stderr.write(`${failure.message}\n`);
		return 1;
	},
};

/** Times as people read them, and details in the order of their names, as JSON has a map's. */
function readable(version: SystemVersion): SystemVersion {
	const components = version.Components?.map((component) => {
		const details = Object.entries(component.Details ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
		const told = details.map(([name, value]) => [name, name === 'BuildTime' ? buildTime(String(value)) : value]);
		return { ...component, Details: Object.fromEntries(told) };
	});
	return { ...version, Components: components };
}

/** Templates know by Go's name, `APIVersion`, what is `ApiVersion` in JSON; a false `Experimental` is not in JSON at all. */
function asStruct(version: SystemVersion | ClientVersion): Record<string, unknown> {
	const { ApiVersion: APIVersion, ...rest } = version;
	const Experimental = 'Experimental' in version && version.Experimental === true;
	const toJSON = () => ({ ...version, Experimental: Experimental || undefined });
	return Object.defineProperty({ ...rest, APIVersion, Experimental }, 'toJSON', { value: toJSON });
}

/** `Fri May 30 12:07:14 2025`, as version texts have it; what is not a time stays as it is. */
function buildTime(text: string): string {
	const date = new Date(text);
	if (Number.isNaN(date.getTime())) return text;
	const [weekday = '', day = '', month = '', year = '', clock = ''] = date.toUTCString().replace(',', '').split(' ');
	return `${weekday} ${month} ${String(Number(day)).padStart(2)} ${clock} ${year}`;
}

interface ClientVersion {
	readonly Version: string;
	readonly ApiVersion: string;
	readonly DefaultAPIVersion: string;
	readonly GitCommit: string;
	readonly Os: string;
	readonly Arch: string;
	readonly BuildTime: string;
	readonly Context: string;
}

function line(indent: string, label: string, text: string | undefined): string {
	return `${indent}${`${label}:`.padEnd(18 - indent.length + 1)}${text ?? ''}\n`;
}

function clientText(version: ClientVersion): string {
	const { ApiVersion, DefaultAPIVersion } = version;
	const api = ApiVersion === DefaultAPIVersion ? ApiVersion : `${ApiVersion} (downgraded from ${DefaultAPIVersion})`;
	return [
		'Client: Gantry\n',
		line(' ', 'Version', version.Version),
		line(' ', 'API version', api),
		line(' ', 'Git commit', version.GitCommit),
		line(' ', 'Built', version.BuildTime),
		line(' ', 'OS/Arch', `${version.Os}/${version.Arch}`),
		line(' ', 'Context', version.Context),
	].join('');
}

function serverText(version: SystemVersion): string {
	const text = [`\nServer:${version.Platform?.Name ? ` ${version.Platform.Name}` : ''}\n`];
	for (const component of version.Components ?? []) {
		const details = component.Details ?? {};
		const isEngine = component.Name === 'Engine';
		text.push(` ${component.Name}:\n`, line('  ', 'Version', component.Version));
		if (!isEngine) {
			for (const name of Object.keys(details).sort()) text.push(line('  ', name, String(details[name])));
			continue;
		}
		const detail = (name: string) => String(details[name] ?? '');
		text.push(
			line('  ', 'API version', `${detail('ApiVersion')} (minimum version ${detail('MinAPIVersion')})`),
			detail('GoVersion') === '' ? '' : line('  ', 'Go version', detail('GoVersion')),
			line('  ', 'Git commit', detail('GitCommit')),
			line('  ', 'Built', buildTime(detail('BuildTime'))),
			line('  ', 'OS/Arch', `${detail('Os')}/${detail('Arch')}`),
			line('  ', 'Experimental', detail('Experimental') === '' ? 'false' : detail('Experimental')),
		);
	}
	return text.join('');
}
