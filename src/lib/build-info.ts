declare const GANTRY_VERSION: string | undefined;
declare const GANTRY_COMMIT: string | undefined;
declare const GANTRY_BUILT: string | undefined;

/** What this executable was built from; filled in by scripts/build.sh, `dev` values when run from source. */
export const buildInfo = {
	version: typeof GANTRY_VERSION === 'string' ? GANTRY_VERSION : '0.0.0-dev',
	commit: typeof GANTRY_COMMIT === 'string' ? GANTRY_COMMIT : 'unknown',
	/** RFC 3339. */
	built: typeof GANTRY_BUILT === 'string' ? GANTRY_BUILT : '1970-01-01T00:00:00Z',
} as const;
