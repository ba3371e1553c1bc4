import { EngineError } from '../../errors.ts';

/** How to reach one kind of service. Names as on disk. */
export type EndpointMeta = Readonly<Record<string, unknown>>;

/** A context as Docker's clients keep it in `meta.json`. What is not known here is kept as it is. */
export interface StoredContext {
	readonly Name: string;
	readonly Metadata: Readonly<Record<string, unknown>>;
	readonly Endpoints: Readonly<Record<string, EndpointMeta>>;
}

/** What is known of the Docker endpoint of a context. */
export interface DockerEndpoint {
	readonly host: string;
	readonly skipTlsVerify: boolean;
}

/** Reads `meta.json`. `path` is for messages. @throws EngineError `corrupt` */
export function parseStoredContext(text: string, path: string): StoredContext {
	const fail = (why: string) => new EngineError('corrupt', `parsing ${path}: ${why}`);
	let parsed: unknown;
	try {
		parsed = JSON.parse(text);
	} catch (error) {
		if (!(error instanceof SyntaxError)) throw error;
		throw fail(error.message);
	}
	if (!isRecord(parsed)) throw fail('not an object');
	const { Name = '', Metadata = {}, Endpoints = {} } = parsed;
	if (typeof Name !== 'string') throw fail('Name must be a string');
	if (!isRecord(Metadata)) throw fail('Metadata must be an object');
	if (!isRecord(Endpoints)) throw fail('Endpoints must be an object');
	const endpoints: Record<string, EndpointMeta> = {};
	for (const [name, endpoint] of Object.entries(Endpoints)) {
		if (!isRecord(endpoint)) throw fail(`Endpoints.${name} must be an object`);
		endpoints[name] = name === 'docker' ? checkedDocker(endpoint, fail) : endpoint;
	}
	return { Name, Metadata, Endpoints: endpoints };
}

function checkedDocker(endpoint: Record<string, unknown>, fail: (why: string) => Error): EndpointMeta {
	const { Host, SkipTLSVerify = false } = endpoint;
	if (Host !== undefined && typeof Host !== 'string') throw fail('Endpoints.docker.Host must be a string');
	if (typeof SkipTLSVerify !== 'boolean') throw fail('Endpoints.docker.SkipTLSVerify must be true or false');
	return dockerMeta({ host: Host ?? '', skipTlsVerify: SkipTLSVerify });
}

/** The Docker endpoint as it is on disk. */
export function dockerMeta({ host, skipTlsVerify }: DockerEndpoint): EndpointMeta {
	return { ...(host === '' ? {} : { Host: host }), SkipTLSVerify: skipTlsVerify };
}

/** The Docker endpoint of a context. @throws EngineError `corrupt` when it has none */
export function dockerEndpointOf(context: StoredContext): DockerEndpoint {
	const endpoint = context.Endpoints.docker;
	if (endpoint === undefined) throw new EngineError('corrupt', 'cannot find docker endpoint in context');
	return {
		host: typeof endpoint.Host === 'string' ? endpoint.Host : '',
		skipTlsVerify: endpoint.SkipTLSVerify === true,
	};
}

/** The description of a context; '' for none. */
export function descriptionOf(context: StoredContext): string {
	const { Description } = context.Metadata;
	return typeof Description === 'string' ? Description : '';
}

/** The metadata with another description; '' takes it away. */
export function describedAs(metadata: StoredContext['Metadata'], description: string): StoredContext['Metadata'] {
	const { Description: _, ...rest } = metadata;
	return description === '' ? rest : { Description: description, ...rest };
}

/** `meta.json` of a context. */
export function storedJson(context: StoredContext): string {
	const { Name, Metadata, Endpoints } = context;
	return JSON.stringify({ Name, Metadata, Endpoints });
}

function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}
