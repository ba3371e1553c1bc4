import { fakeWorld } from '../../src/server/docker/fakes.test-support.ts';
import { notServedRoutes } from '../../src/server/docker/not-served.ts';
import { createRouter, type Route } from '../../src/server/docker/router.ts';
import { dockerRoutes } from '../../src/server/docker/routes.ts';

/** All routes of the Docker door, those that answer 501 last. */
export function allRoutes(): readonly Route[] {
	return dockerRoutes(fakeWorld().services);
}

/** Says whether a path with `{…}` in it is served by something else than a 501. */
export function servedPaths(): (method: string, path: string) => boolean {
	const refused = new Set(notServedRoutes().map(({ method, pattern }) => `${method} ${pattern}`));
	const router = createRouter(allRoutes().filter(({ method, pattern }) => !refused.has(`${method} ${pattern}`)));
	return (method, path) => {
		try {
			router.find(method, path.replace(/\{\w+\}/g, 'x'));
			return true;
		} catch {
			return false;
		}
	};
}

/** `METHOD /path` of what answers 501. */
export function notServedPaths(): string[] {
	const isServed = servedPaths();
	return notServedRoutes()
		.filter(({ method, pattern }) => !isServed(method, pattern))
		.map(({ method, pattern }) => `${method} ${pattern}`);
}
