import { describe, expect, test } from 'bun:test';
import { parseImageConfig, parseManifestDocument } from './documents.ts';
import { mediaTypes } from './media-types.ts';

const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const digest = `sha256:${'0'.repeat(64)}`;
const config = { mediaType: mediaTypes.ociConfig, digest, size: 10 };
const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: [] };

describe('manifests', () => {
	test('a manifest, an index, and documents without a media type', () => {
		expect(parseManifestDocument(bytes(manifest)).kind).toBe('manifest');
		const { mediaType: _, ...bare } = manifest;
		expect(parseManifestDocument(bytes(bare)).kind).toBe('manifest');
		expect(parseManifestDocument(bytes({ schemaVersion: 2, manifests: [] })).kind).toBe('index');
		expect(parseManifestDocument(bytes({ schemaVersion: 2, manifests: [] }), mediaTypes.ociIndex).kind).toBe('index');
	});

	test.each<[string, unknown]>([
		['not JSON', '{'],
		['not UTF-8', 'x'],
		['a list', []],
		['null', null],
		['no schemaVersion', { ...manifest, schemaVersion: undefined }],
		['layers as object', { ...manifest, layers: {} }],
		['no config', { ...manifest, config: undefined }],
		['negative size', { ...manifest, config: { ...config, size: -1 } }],
		['fractional size', { ...manifest, config: { ...config, size: 1.5 } }],
		['huge config', { ...manifest, config: { ...config, size: 1 << 30 } }],
		['digest with traversal', { ...manifest, config: { ...config, digest: 'sha256:../../etc/passwd' } }],
		['both manifest and index', { ...manifest, manifests: [] }],
		['too many layers', { ...manifest, layers: Array.from({ length: 126 }, () => config) }],
		['annotations of numbers', { ...manifest, annotations: { a: 1 } }],
	])('refuses %s', (_name, value) => {
		expect(() => parseManifestDocument(bytes(value))).toThrow(expect.objectContaining({ code: 'corrupt' }));
	});

	test('schema 1 and unknown types are unsupported', () => {
		for (const value of [{ schemaVersion: 1 }, { schemaVersion: 2, mediaType: 'text/plain' }]) {
			expect(() => parseManifestDocument(bytes(value))).toThrow(expect.objectContaining({ code: 'unsupported' }));
		}
	});
});

describe('image configs', () => {
	const document = { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [digest] } };

	test('keeps what it does not know, and reads nulls as nothing', () => {
		const parsed = parseImageConfig(bytes({ ...document, config: null, history: null, other: 1 }));
		expect(parsed).toMatchObject({ other: 1, config: {}, rootfs: { diff_ids: [digest] } });
	});

	test.each<[string, unknown]>([
		['no rootfs', { ...document, rootfs: undefined }],
		['bad diff id', { ...document, rootfs: { type: 'layers', diff_ids: ['x'] } }],
		['env as object', { ...document, config: { Env: {} } }],
		['cmd of numbers', { ...document, config: { Cmd: [1] } }],
		['labels of numbers', { ...document, config: { Labels: { a: 1 } } }],
		['user as number', { ...document, config: { User: 0 } }],
		['history of strings', { ...document, history: ['x'] }],
		['healthcheck as list', { ...document, config: { Healthcheck: { Test: 'x' } } }],
		['config as list', { ...document, config: [] }],
	])('refuses %s', (_name, value) => {
		expect(() => parseImageConfig(bytes(value))).toThrow(expect.objectContaining({ code: 'corrupt' }));
	});
});
