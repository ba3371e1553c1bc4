import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where the Engine API's reference (swagger 2) is looked for; `GANTRY_API_REFERENCE` names another place. */
export const referencePath =
	process.env.GANTRY_API_REFERENCE ?? join(import.meta.dir, '../../../..', 'shared', 'specs', 'engine-api-1.51.yaml');

/** A schema as the reference writes it. */
export interface SwaggerSchema {
	readonly $ref?: string;
	readonly type?: string;
	readonly format?: string;
	readonly enum?: readonly unknown[];
	readonly required?: readonly string[];
	readonly allOf?: readonly SwaggerSchema[];
	readonly items?: SwaggerSchema;
	readonly properties?: Readonly<Record<string, SwaggerSchema>>;
	readonly additionalProperties?: SwaggerSchema | boolean;
	readonly minimum?: number;
	readonly maximum?: number;
	readonly pattern?: string;
	readonly 'x-nullable'?: boolean;
}

/** One operation: a method on a path. */
export interface Operation {
	readonly id: string;
	readonly tag: string;
	readonly method: string;
	/** With `{id}` or `{name}`. */
	readonly path: string;
	readonly produces: readonly string[];
	/** By status; null where no schema is given. */
	readonly responses: ReadonlyMap<number, SwaggerSchema | null>;
}

/** What is read of the reference. */
export interface Reference {
	readonly operations: readonly Operation[];
	readonly definitions: Readonly<Record<string, SwaggerSchema>>;
}

interface SwaggerOperation {
	readonly operationId: string;
	readonly tags?: readonly string[];
	readonly produces?: readonly string[];
	readonly responses: Readonly<Record<string, { readonly schema?: SwaggerSchema }>>;
}

interface SwaggerDocument {
	readonly paths: Readonly<Record<string, Readonly<Record<string, SwaggerOperation>>>>;
	readonly definitions: Readonly<Record<string, SwaggerSchema>>;
}

/** Reads the reference; null when it is not there. @throws when it is there and cannot be read. */
export function readReference(path = referencePath): Reference | null {
	if (!existsSync(path)) return null;
	const document = Bun.YAML.parse(readFileSync(path, 'utf8')) as SwaggerDocument;
	const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
		Object.entries(methods).map(([method, operation]) => ({
			id: operation.operationId,
			tag: operation.tags?.[0] ?? '',
			method: method.toUpperCase(),
			path,
			produces: operation.produces ?? [],
			responses: new Map(
				Object.entries(operation.responses).map(([status, { schema }]) => [Number(status), schema ?? null]),
			),
		})),
	);
	if (operations.length < 50) throw new Error(`${path}: only ${operations.length} operations`);
	return { operations, definitions: document.definitions };
}
