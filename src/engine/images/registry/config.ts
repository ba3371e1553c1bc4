/** What the daemon's configuration says of registries. */
export interface RegistryConfig {
	/** Hosts (`host`, `host:port`) and CIDRs that may speak plain HTTP or have a certificate that cannot be verified. */
	readonly insecureRegistries: readonly string[];
	/** Base URLs of mirrors of Docker Hub, tried in order before it. */
	readonly registryMirrors: readonly string[];
	/** `User-Agent` of requests. */
	readonly userAgent: string;
	/** Layers downloaded at once per pull. */
	readonly maxConcurrentDownloads: number;
	readonly patience: Patience;
}

/** How long a registry is waited for, in milliseconds, and how often it is asked again. */
export interface Patience {
	/** From connecting to the response's headers. */
	readonly headersMs: number;
	/** Between two pieces of a body. */
	readonly idleMs: number;
	/** Attempts in all, per request; for a blob: in a row without a byte. */
	readonly attempts: number;
	/** Before the second attempt; doubles each time. */
	readonly backoffMs: number;
	/** A longer `Retry-After` than this ends the pull at once. */
	readonly maxRetryAfterMs: number;
}

/** The defaults: Docker's number of downloads, patience of a minute. */
export const defaultRegistryConfig: RegistryConfig = {
	insecureRegistries: [],
	registryMirrors: [],
	userAgent: 'gantry',
	maxConcurrentDownloads: 3,
	patience: { headersMs: 30_000, idleMs: 60_000, attempts: 5, backoffMs: 300, maxRetryAfterMs: 30_000 },
};
