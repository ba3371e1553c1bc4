import { EngineError } from '../errors.ts';
import { isDigest } from './digest.ts';
import { isIndexType, isManifestType, mediaTypes } from './media-types.ts';
import type { Descriptor, ImageConfigDocument, ImageExecConfig, Index, Manifest } from './types.ts';

/** Largest manifest or index that is read, in bytes. Source: OCI distribution-spec, push manifest (4 MiB at least). */
export const maxManifestSize = 4 << 20;
/** Largest image config that is read, in bytes. */
export const maxConfigSize = 8 << 20;
/** Most layers an image may have: more cannot be mounted. */
export const maxLayers = 125;
const maxIndexEntries = 10_000;

type Json = Readonly<Record<string, unknown>>;

/** A manifest document: of one image, or an index over several. */
export type ManifestDocument =
	| { readonly kind: 'manifest'; readonly manifest: Manifest }
	| { readonly kind: 'index'; readonly index: Index };

/**
 * Parses a manifest or an index. `mediaType`: what the registry said it is; the document's own wins.
 * @throws EngineError `corrupt`, or `unsupported` for the old schema 1 and for unknown types.
 */
export function parseManifestDocument(bytes: Uint8Array, mediaType = ''): ManifestDocument {
	const json = parseJson(bytes, maxManifestSize, 'manifest');
	if (json.schemaVersion === 1) throw schema1();
	const type = typeof json.mediaType === 'string' && json.mediaType !== '' ? json.mediaType : mediaType;
	if (type === mediaTypes.dockerSchema1 || type === mediaTypes.dockerSchema1Signed) throw schema1();
	if (json.schemaVersion !== 2) throw corrupt('manifest', 'schemaVersion is not 2');
	const isIndex = isIndexType(type) || (!isManifestType(type) && Array.isArray(json.manifests));
	// A document that is both could be read as either: that confusion was an attack (CVE-2021-41190).
	if (isIndex && (json.layers !== undefined || json.config !== undefined)) {
		throw corrupt('index', 'it has layers or a config of its own');
	}
	if (!isIndex && json.manifests !== undefined) throw corrupt('manifest', 'it has manifests of its own');
	if (isIndex) return { kind: 'index', index: parseIndex(json) };
	if (!isManifestType(type) && !(isObject(json.config) && Array.isArray(json.layers))) {
		throw new EngineError('unsupported', `unsupported manifest media type ${JSON.stringify(type.slice(0, 200))}`);
	}
	return { kind: 'manifest', manifest: parseManifest(json) };
}

function schema1(): EngineError {
	return new EngineError(
		'unsupported',
		'Docker Image Format v1 and Docker Image manifest version 2, schema 1 are not supported: the image must be pushed again in a newer format',
	);
}

function parseIndex(json: Json): Index {
	if (!Array.isArray(json.manifests)) throw corrupt('index', 'manifests is not a list');
	if (json.manifests.length > maxIndexEntries) throw corrupt('index', 'it has too many manifests');
	const manifests = json.manifests.map((entry, position) => parseDescriptor(entry, `index: manifests[${position}]`));
	return { schemaVersion: 2, ...optionalType(json), manifests, ...optionalAnnotations(json, 'index') };
}

function parseManifest(json: Json): Manifest {
	if (!Array.isArray(json.layers)) throw corrupt('manifest', 'layers is not a list');
	if (json.layers.length > maxLayers) throw corrupt('manifest', `it has more than ${maxLayers} layers`);
	const config = parseDescriptor(json.config, 'manifest: config');
	const layers = json.layers.map((entry, position) => parseDescriptor(entry, `manifest: layers[${position}]`));
	if (config.size > maxConfigSize) throw corrupt('manifest', `the config is larger than ${maxConfigSize} bytes`);
	return { schemaVersion: 2, ...optionalType(json), config, layers, ...optionalAnnotations(json, 'manifest') };
}

function optionalType(json: Json): { mediaType?: string } {
	return typeof json.mediaType === 'string' && json.mediaType !== '' ? { mediaType: json.mediaType } : {};
}

function optionalAnnotations(json: Json, what: string): { annotations?: Record<string, string> } {
	return json.annotations === undefined || json.annotations === null
		? {}
		: { annotations: stringMap(json.annotations, `${what}: annotations`) };
}

/** @throws EngineError `corrupt`. `what` names the place in messages. */
export function parseDescriptor(value: unknown, what: string): Descriptor {
	if (!isObject(value)) throw corrupt(what, 'it is not an object');
	const { mediaType, digest, size, platform, artifactType } = value;
	if (typeof digest !== 'string' || !isDigest(digest)) throw corrupt(what, 'its digest is not valid');
	if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) throw corrupt(what, 'its size is not valid');
	if (mediaType !== undefined && typeof mediaType !== 'string') throw corrupt(what, 'its mediaType is not a string');
	return {
		mediaType: mediaType ?? '',
		digest,
		size,
		...(isObject(platform) ? { platform: parsePlatformObject(platform) } : {}),
		...(typeof artifactType === 'string' ? { artifactType } : {}),
		...optionalAnnotations(value, what),
	};
}

function parsePlatformObject(value: Json): NonNullable<Descriptor['platform']> {
	const text = (name: string) => (typeof value[name] === 'string' ? value[name] : '');
	const variant = text('variant');
	const version = text('os.version');
	return {
		os: text('os'),
		architecture: text('architecture'),
		...(variant === '' ? {} : { variant }),
		...(version === '' ? {} : { 'os.version': version }),
	};
}

/**
 * Parses an image config. Everything that the engine uses later has its right type afterwards; unknown keys stay.
 * @throws EngineError `corrupt`.
 */
export function parseImageConfig(bytes: Uint8Array): ImageConfigDocument {
	const json = parseJson(bytes, maxConfigSize, 'image config');
	const { rootfs } = json;
	const what = 'image config';
	for (const name of ['created', 'author', 'architecture', 'variant', 'os', 'os.version'])
		optionalString(json, name, what);
	if (!isObject(rootfs) || rootfs.type !== 'layers') throw corrupt(what, 'rootfs.type is not "layers"');
	const diffIds = rootfs.diff_ids ?? [];
	if (!Array.isArray(diffIds)) throw corrupt(what, 'rootfs.diff_ids is not a list');
	if (diffIds.length > maxLayers) throw corrupt(what, `it has more than ${maxLayers} layers`);
	if (!diffIds.every((entry) => typeof entry === 'string' && isDigest(entry))) {
		throw corrupt(what, 'rootfs.diff_ids has an invalid digest');
	}
	checkHistory(json.history);
	const config = json.config === undefined || json.config === null ? {} : parseExecConfig(json.config);
	return {
		...json,
		architecture: typeof json.architecture === 'string' ? json.architecture : '',
		os: typeof json.os === 'string' && json.os !== '' ? json.os : 'linux',
		config,
		rootfs: { type: 'layers', diff_ids: diffIds },
	} as ImageConfigDocument;
}

function checkHistory(history: unknown): void {
	if (history === undefined || history === null) return;
	if (!Array.isArray(history) || !history.every(isObject))
		throw corrupt('image config', 'history is not a list of objects');
	for (const entry of history) {
		for (const name of ['created', 'created_by', 'author', 'comment'])
			optionalString(entry, name, 'image config: history');
		if (entry.empty_layer !== undefined && typeof entry.empty_layer !== 'boolean') {
			throw corrupt('image config: history', 'empty_layer is not a boolean');
		}
	}
}

/** Checks the execution part of a config. @throws EngineError `corrupt`. */
export function parseExecConfig(value: unknown): ImageExecConfig {
	const what = 'image config: config';
	if (!isObject(value)) throw corrupt(what, 'it is not an object');
	for (const name of ['User', 'WorkingDir', 'StopSignal']) optionalString(value, name, what);
	for (const name of ['Env', 'Entrypoint', 'Cmd', 'OnBuild', 'Shell']) {
		const list = value[name];
		if (list === undefined || list === null) continue;
		if (!Array.isArray(list) || !list.every((item) => typeof item === 'string')) {
			throw corrupt(what, `${name} is not a list of strings`);
		}
	}
	for (const name of ['ExposedPorts', 'Volumes']) {
		const map = value[name];
		if (map !== undefined && map !== null && !isObject(map)) throw corrupt(what, `${name} is not an object`);
	}
	if (value.Labels !== undefined && value.Labels !== null) stringMap(value.Labels, `${what}.Labels`);
	checkHealthcheck(value.Healthcheck);
	return value as ImageExecConfig;
}

function checkHealthcheck(value: unknown): void {
	if (value === undefined || value === null) return;
	const what = 'image config: config.Healthcheck';
	if (!isObject(value)) throw corrupt(what, 'it is not an object');
	const test = value.Test ?? [];
	if (!Array.isArray(test) || !test.every((item) => typeof item === 'string')) {
		throw corrupt(what, 'Test is not a list of strings');
	}
	for (const name of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval', 'Retries']) {
		const number = value[name];
		if (number !== undefined && (typeof number !== 'number' || number < 0))
			throw corrupt(what, `${name} is not a number`);
	}
}

/** Parses JSON whose top is an object. @throws EngineError `corrupt` when it is too large or is not. */
export function parseJson(bytes: Uint8Array, maxSize: number, what: string): Json {
	if (bytes.length > maxSize) throw corrupt(what, `it is larger than ${maxSize} bytes`);
	let value: unknown;
	try {
		value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
	} catch (error) {
		throw new EngineError('corrupt', `invalid ${what}: it is not JSON`, { cause: error });
	}
	if (!isObject(value)) throw corrupt(what, 'it is not an object');
	return value;
}

function optionalString(json: Json, name: string, what: string): void {
	const value = json[name];
	if (value !== undefined && value !== null && typeof value !== 'string')
		throw corrupt(what, `${name} is not a string`);
}

function stringMap(value: unknown, what: string): Record<string, string> {
	if (!isObject(value)) throw corrupt(what, 'it is not an object');
	const entries = Object.entries(value);
	if (!entries.every(([, text]) => typeof text === 'string')) throw corrupt(what, 'a value is not a string');
	return value as Record<string, string>;
}

function isObject(value: unknown): value is Json {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function corrupt(what: string, problem: string): EngineError {
	return new EngineError('corrupt', `invalid ${what}: ${problem}`);
}
