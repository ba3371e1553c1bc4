import { EngineError } from '../../../errors.ts';
import type { EventBus } from '../../../events/bus.ts';
import type { Caller } from '../../../events/types.ts';
import { maxConfigSize, parseImageConfig } from '../../../oci/documents.ts';
import { hostPlatform, matchPlatform, printPlatform } from '../../../oci/platform.ts';
import {
	familiarName,
	familiarString,
	isTag,
	parseReference,
	printReference,
	type Reference,
	withDigest,
} from '../../../oci/reference.ts';
import type { ImageConfigDocument, Platform } from '../../../oci/types.ts';
import type { Catalog, ImageRecord } from '../catalog.ts';
import type { Keeper, KeepScope } from '../keeper.ts';
import type { Report } from '../progress.ts';
import { openRepository, type Repository } from '../registry/client.ts';
import type { RegistryConfig } from '../registry/config.ts';
import type { RegistryEndpoints } from '../registry/endpoints.ts';
import { pullError } from '../registry/errors.ts';
import type { RegistryAuth } from '../service.ts';
import { type ChosenManifest, chooseManifest, type RawDocument } from './choose-manifest.ts';
import { type FetchDeps, fetchLayers } from './fetch-layers.ts';

/** What a pull needs. */
export interface PullDeps extends FetchDeps {
	readonly catalog: Catalog;
	readonly keeper: Keeper;
	readonly events: EventBus;
	readonly registry: RegistryConfig;
	readonly endpoints: RegistryEndpoints;
	/** RFC 3339, the present. */
	readonly now: () => string;
}

export interface PullOptions {
	readonly image: string;
	readonly tag: string;
	readonly platform: Platform | null;
	readonly auth: RegistryAuth | null;
}

/** Pulls an image, or all tags of a repository. */
export async function pullImage(
	deps: PullDeps,
	options: PullOptions,
	caller: Caller,
	report: Report,
	signal: AbortSignal,
): Promise<void> {
	const reference = pullReference(options.image, options.tag);
	const repository = openRepository(reference, options.auth, { config: deps.registry, endpoints: deps.endpoints });
	try {
		const { domain, path } = reference;
		const named = reference.tag ?? reference.digest;
		const all = named === undefined ? await repository.tags(signal) : [];
		const references = named === undefined ? all.map((tag) => ({ domain, path, tag })) : [reference];
		let changed = false;
		for (const each of references) {
			if (await pullOne(deps, each, repository, options, caller, report, signal)) changed = true;
		}
		const familiar = familiarString(reference);
		report({
			kind: 'status',
			text: changed ? `Status: Downloaded newer image for ${familiar}` : `Status: Image is up to date for ${familiar}`,
		});
	} catch (error) {
		throw pullError(error, reference);
	}
}

/** Pulls one image: manifest, config, layers; one transaction; `pull` event. True when its name meant something else before. */
async function pullOne(
	deps: PullDeps,
	reference: Reference,
	repository: Repository,
	options: PullOptions,
	caller: Caller,
	report: Report,
	signal: AbortSignal,
): Promise<boolean> {
	await using scope = deps.keeper.scope();
	const wanted = reference.digest ?? reference.tag ?? 'latest';
	const familiar = familiarString(reference);
	let begun = false;
	const read = async (which: string) => {
		const document = await repository.manifest(which, signal);
		const id = reference.digest === undefined ? wanted : familiar;
		if (!begun) report({ kind: 'status', id, text: `Pulling from ${reference.path}` });
		begun = true;
		return document;
	};
	const chosen = await chooseManifest(read, wanted, reference.digest ?? null, options.platform ?? hostPlatform());
	const record = await bringIn(deps, chosen, repository, options, scope, report, signal);
	let changed = false;
	deps.events.publish(
		{
			type: 'image',
			action: 'pull',
			id: familiar,
			attributes: { ...record.config.config?.Labels, name: familiarName(reference) },
			caller,
		},
		() => {
			changed = recordImage(deps, record, reference, chosen);
		},
	);
	report({ kind: 'status', text: `Digest: ${chosen.top.digest}` });
	return changed;
}

/** `image` and `tag` as the API has them. A digest wins over a tag; without either, all tags are meant. */
export function pullReference(image: string, tag: string): Reference {
	const parsed = parseReference(image);
	if (tag === '') return parsed.digest === undefined ? parsed : withDigest(parsed, parsed.digest);
	if (tag.includes(':')) return withDigest(parsed, tag);
	if (!isTag(tag)) throw new EngineError('invalid_argument', 'invalid tag format');
	return { domain: parsed.domain, path: parsed.path, tag };
}

async function bringIn(
	deps: PullDeps,
	chosen: ChosenManifest,
	repository: Repository,
	options: PullOptions,
	scope: KeepScope,
	report: Report,
	signal: AbortSignal,
): Promise<ImageRecord> {
	const { manifest, document, top } = chosen;
	const id = manifest.config.digest;
	const known = deps.catalog.get(id);
	for (const chainId of known?.chainIds ?? []) await scope.layer(chainId);
	// Looked up again: while waiting for a removal the image may have gone.
	const present = deps.catalog.get(id);
	const documents: RawDocument[] = top.digest === document.digest ? [document] : [document, top];
	for (const { digest, bytes } of documents) await keepDocument(deps, scope, digest, bytes);
	await scope.blob(id);
	const blobs = [...new Set([id, ...documents.map(({ digest }) => digest), ...(present?.blobs ?? [])])];
	if (present?.chainIds.every((chainId) => deps.layers.has(chainId)) && (await deps.content.has(id))) {
		checkPlatform(present.config, options, document.digest);
		return { ...present, manifestDigest: document.digest, blobs };
	}
	if (!(await deps.content.has(id))) {
		await deps.content.ingest(repository.blob(manifest.config, signal), {
			expected: { digest: id, size: manifest.config.size },
			maxSize: maxConfigSize,
			signal,
		});
	}
	const config = parseImageConfig(await deps.content.readBytes(id, maxConfigSize));
	checkPlatform(config, options, document.digest);
	const plan = {
		descriptors: manifest.layers,
		diffIds: config.rootfs.diff_ids ?? [],
		open: repository.blob,
	};
	const layers = await fetchLayers(deps, plan, scope, report, signal);
	return {
		id,
		config,
		manifestDigest: document.digest,
		blobs,
		chainIds: layers.map(({ chainId }) => chainId),
		layerSizes: layers.map(({ size }) => size),
		createdAt: config.created ?? '0001-01-01T00:00:00Z',
		lastTaggedAt: null,
	};
}

async function keepDocument(
	deps: PullDeps,
	scope: KeepScope,
	digest: RawDocument['digest'],
	bytes: Uint8Array,
): Promise<void> {
	await scope.blob(digest);
	if (await deps.content.has(digest)) return;
	await deps.content.ingest(
		(async function* () {
			yield bytes;
		})(),
		{ expected: { digest, size: bytes.length } },
	);
}

/** The operating system must be ours; a processor that was asked for must be the image's. */
function checkPlatform(config: ImageConfigDocument, options: PullOptions, digest: string): void {
	const host = hostPlatform();
	if (config.os !== host.os) {
		throw new EngineError('unsupported', `image operating system "${config.os}" cannot be used on this platform`);
	}
	if (options.platform === null || config.architecture === '') return;
	const actual = { ...config, os: config.os };
	if (matchPlatform(options.platform, actual) !== undefined) return;
	throw new EngineError(
		'not_found',
		`image ${digest} was found but does not match the specified platform: wanted ${printPlatform(options.platform)}, actual: ${printPlatform(actual)}`,
	);
}

/** Records image, tag and digest. True when the name meant something else before. */
function recordImage(deps: PullDeps, record: ImageRecord, reference: Reference, chosen: ChosenManifest): boolean {
	const { catalog } = deps;
	const name = printReference(reference);
	const canonical = printReference(withDigest(reference, chosen.top.digest));
	const changed = catalog.names.get(name) !== record.id;
	const lastTaggedAt = changed && reference.tag !== undefined ? deps.now() : record.lastTaggedAt;
	catalog.put({ ...record, lastTaggedAt });
	catalog.names.set(name, record.id);
	catalog.names.set(canonical, record.id);
	return changed;
}
