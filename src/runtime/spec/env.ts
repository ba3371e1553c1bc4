const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** A process's environment: the given one over Docker's defaults. A bare `NAME` takes the variable out. */
export function defaultEnv(given: {
	readonly env: readonly string[];
	readonly hostname: string;
	readonly tty: boolean;
	readonly home: string;
}): string[] {
	const variables = new Map([
		['PATH', defaultPath],
		['HOSTNAME', given.hostname],
	]);
	if (given.tty) variables.set('TERM', 'xterm');
	for (const entry of given.env) {
		const at = entry.indexOf('=');
		if (at > 0) variables.set(entry.slice(0, at), entry.slice(at + 1));
		else variables.delete(entry);
	}
	if (!variables.has('HOME')) variables.set('HOME', given.home === '' ? '/' : given.home);
	return [...variables].map(([name, value]) => `${name}=${value}`);
}
