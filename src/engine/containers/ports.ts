import type { Caller } from '../../events/types.ts';
import type { Digest } from '../../oci/digest.ts';
import type { ImageExecConfig } from '../../oci/types.ts';
import type { Endpoint, EndpointRequest, PortBindings, PublishedPort } from './model.ts';
import type { ImageForContainer } from './service.ts';

/** What containers need of images. */
export interface Images {
	/** By reference, id or unique id prefix. @throws `not_found` (`No such image: REF`). */
	resolve(ref: string, platform: string): Promise<ImageForContainer>;
}

/** What an image is to be made of. */
export interface CommitRequest {
	/** The image to build on. */
	readonly imageId: Digest;
	readonly containerId: string;
	readonly containerConfig: ImageExecConfig;
	/** Instead of the container's own, which fills what it leaves open; null: that alone. */
	readonly config: ImageExecConfig | null;
	/** Dockerfile instructions that change it. */
	readonly changes: readonly string[];
	/** Its name; `''`: none. */
	readonly repository: string;
	/** `''`: the one within `repository`, or `latest`. */
	readonly tag: string;
	readonly author: string;
	readonly comment: string;
	/** The layer's tar; called once, when all else is known to be right. */
	readonly openLayer: (signal: AbortSignal) => AsyncIterable<Uint8Array>;
}

/** What containers need of images, to become some. */
export interface ImageCommits {
	/** `name`: what it was tagged, '' when it was not. @throws `invalid_argument`, `not_found` when the image is no more. */
	commit(
		request: CommitRequest,
		caller: Caller,
		signal: AbortSignal,
	): Promise<{ readonly id: Digest; readonly name: string }>;
}

/** What a container asks of its network at start. */
export interface SandboxRequest {
	readonly containerId: string;
	readonly containerName: string;
	readonly hostname: string;
	readonly domainname: string;
	/** `bridge`, `none`, `host`, `container:ID`, or a network's name or id. */
	readonly networkMode: string;
	readonly endpointRequests: Readonly<Record<string, EndpointRequest>>;
	readonly exposedPorts: readonly string[];
	readonly portBindings: PortBindings;
	readonly publishAllPorts: boolean;
	readonly extraHosts: readonly string[];
	/** Further lines of the hosts file: address, tab, names. */
	readonly linkedHosts?: readonly string[];
	readonly dns: readonly string[];
	readonly dnsOptions: readonly string[];
	readonly dnsSearch: readonly string[];
}

/** A network stack that is ready for a container. */
export interface Sandbox {
	/** `host`: the daemon's own; `private`: the runtime makes an empty one; `path`: join this one. */
	readonly netns:
		| { readonly kind: 'host' }
		| { readonly kind: 'private' }
		| { readonly kind: 'path'; readonly path: string };
	readonly endpoints: readonly Endpoint[];
	readonly ports: readonly PublishedPort[];
	/** Contents of the files to mount into the container. */
	readonly files: { readonly hosts: string; readonly resolvConf: string; readonly hostname: string };
	/** The names of the container whose network is shared: they are taken with it. Absent: the container's own. */
	readonly identity?: { readonly hostname: string; readonly domainname: string };
}

/** What containers need of networks. */
export interface Networking {
	/** Checks mode, bindings and endpoint requests at create. @throws `invalid_argument`, `not_found`. */
	validate(request: SandboxRequest): void;
	/** Makes the namespace, the endpoints and the published ports; all or nothing. @throws `conflict` for a port that is taken. */
	attach(request: SandboxRequest): Promise<Sandbox>;
	/** Takes everything of that container away. Nothing to do is fine. */
	release(containerId: string): Promise<void>;
	/**
	 * At boot: takes over what belongs to the containers that run (endpoints, addresses, ports as recorded), removes
	 * everything else that an earlier daemon of these roots left behind, and puts lost rules back.
	 */
	reconcile(running: readonly LiveSandbox[]): Promise<void>;
}

export interface LiveSandbox {
	readonly containerId: string;
	readonly endpoints: readonly Endpoint[];
	readonly ports: readonly PublishedPort[];
}

/** A container's root filesystem. */
export interface RootFilesystem {
	/** The mounted root. */
	readonly path: string;
	readonly lower: readonly string[];
	readonly upper: string;
	readonly work: string;
}

/** What containers need of snapshots. */
export interface Snapshots {
	/** Makes the writable layer of a container over an image's layers. Not mounted yet. */
	create(containerId: string, parent: Digest | null): Promise<void>;
	/**
	 * Mounts it; already mounted is fine. `volatile`: the container goes with its run, nothing of it need outlive a loss of power.
	 */
	mount(containerId: string, options: { readonly volatile: boolean }): Promise<RootFilesystem>;
	/** The run wants it no more: unmounts it, lazily where it is busy, unless it is leased; not mounted is fine. */
	unmount(containerId: string): Promise<void>;
	/** Unmounts and deletes the writable layer. The name is free at once; the deletion goes on in the background and is durable. */
	remove(containerId: string): Promise<void>;
	/** Where its directories are, mounted or not; null when it does not exist. */
	describe(containerId: string): RootFilesystem | null;
	/** Bytes of the files in its own layer and in the layers below. */
	usage(containerId: string): Promise<{ own: number; parents: number }>;
	/** At boot: removes snapshots of containers that are no more, finishes deletions, unmounts what should not be mounted. */
	reconcile(known: ReadonlySet<string>, running: ReadonlySet<string>): Promise<void>;
}
