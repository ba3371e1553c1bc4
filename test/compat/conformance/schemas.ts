import Ajv, { type AnySchema, type ErrorObject } from 'ajv/dist/2019.js';
import addFormats from 'ajv-formats';
import type { Reference, SwaggerSchema } from './reference.ts';

/** Says what is wrong with a value, one line per fault; empty when it fits. */
export type Check = (value: unknown) => string[];

type Json = Record<string, unknown>;

/** Formats of the reference that say something; the others (`ip address`, …) are words for the reader. */
const formats: Readonly<Record<string, string>> = {
	dateTime: 'date-time',
	'date-time': 'date-time',
	int8: 'int32',
	int16: 'int32',
	uint16: 'int32',
	int32: 'int32',
	int64: 'int64',
	uint64: 'int64',
};

/**
 * Swagger's dialect as JSON schema 2019-09. Fields that an object does not declare are refused; `open` leaves that to the
 * `allOf` around it.
 */
function convert(schema: SwaggerSchema, open: boolean): Json {
	const nullable = schema['x-nullable'] === true;
	if (schema.$ref !== undefined) {
		const target = { $ref: `${schema.$ref}${open ? '.open' : ''}` };
		return nullable ? { anyOf: [{ type: 'null' }, target] } : target;
	}
	const result: Json = {};
	if (schema.type !== undefined) result.type = nullable ? [schema.type, 'null'] : schema.type;
	if (schema.enum !== undefined) result.enum = nullable ? [...schema.enum, null] : schema.enum;
	for (const key of ['required', 'minimum', 'maximum', 'pattern'] as const) {
		if (schema[key] !== undefined) result[key] = schema[key];
	}
	const format = formats[schema.format ?? ''];
	if (format !== undefined) result.format = format;
	if (schema.items !== undefined) result.items = convert(schema.items, false);
	if (schema.allOf !== undefined) result.allOf = schema.allOf.map((part) => convert(part, true));
	if (schema.properties !== undefined) {
		result.properties = Object.fromEntries(
			Object.entries(schema.properties).map(([name, inner]) => [name, convert(inner, false)]),
		);
	}
	if (typeof schema.additionalProperties === 'object') {
		result.additionalProperties = convert(schema.additionalProperties, false);
	} else if (!open && (schema.properties !== undefined || schema.allOf !== undefined)) {
		result.unevaluatedProperties = false;
	}
	return result;
}

/** Checks of values against the reference's schemas. */
export interface Schemas {
	/** A check against a schema of the reference. */
	of(schema: SwaggerSchema): Check;
}

/** Compiles the reference's definitions. */
export function compileSchemas(reference: Reference): Schemas {
	const ajv = new Ajv({ strict: false, allErrors: true, verbose: true });
	addFormats(ajv as never);
	const definitions: Record<string, AnySchema> = {};
	for (const [name, schema] of Object.entries(reference.definitions)) {
		definitions[name] = convert(schema, false);
		definitions[`${name}.open`] = convert(schema, true);
	}
	return {
		of(schema) {
			const validate = ajv.compile({ ...convert(schema, false), definitions });
			return (value) => (validate(value) ? [] : (validate.errors ?? []).filter(isFault).map(faultLine));
		},
	};
}

/** Of `anyOf null or X` only what X says counts; the rest repeats it. */
function isFault(error: ErrorObject): boolean {
	if (error.keyword === 'anyOf') return false;
	return !(error.keyword === 'type' && error.schema === 'null');
}

function faultLine(error: ErrorObject): string {
	const { keyword, params } = error;
	const place = error.instancePath.replace(/\/\d+(?=\/|$)/g, '/*');
	if (keyword === 'unevaluatedProperties') return `${place}/${params.unevaluatedProperty}: undeclared`;
	if (error.data === null) return `${place}: null`;
	const value = JSON.stringify(error.data) ?? 'undefined';
	return `${place}: ${error.message} (${value.length > 80 ? `${value.slice(0, 80)}…` : value})`;
}
