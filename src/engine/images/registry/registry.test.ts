import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { type BuiltImage, buildImage, digestOf, tarOf } from '../../../../test/support/image-builder.ts';
import { collect, impatient, startTestImages, type TestImages } from '../images.test-support.ts';
import type { RegistryAuth } from '../service.ts';
import { parseChallenges } from './challenge.ts';
import { createEndpoints } from './endpoints.ts';

type Handler = (request: Request, url: URL) => Response | Promise<Response> | undefined;

const random = Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * 2_654_435_761) >>> 24));
const image = buildImage({ tars: [tarOf([{ name: 'random', content: random }])], level: 0 });
const layer = image.layers[0]!;
let here: TestImages;
const servers: Bun.Server<undefined>[] = [];

beforeEach(() => {
	here = startTestImages();
});
afterEach(() => {
	for (const server of servers.splice(0)) server.stop(true);
	here.close();
});

/** A registry of one image whose answers `special` may replace. Gives its host. */
function serve(special: Handler = () => undefined, content: BuiltImage = image, hostname = '127.0.0.1'): string {
	const server = Bun.serve({
		port: 0,
		hostname,
		fetch(request) {
			const url = new URL(request.url);
			return special(request, url) ?? plain(url, content);
		},
	});
	servers.push(server);
	return `${hostname}:${server.port}`;
}

function plain(url: URL, content: BuiltImage): Response {
	const { manifest } = content;
	if (url.pathname.includes('/manifests/')) {
		return new Response(manifest.bytes as Uint8Array<ArrayBuffer>, {
			headers: { 'content-type': manifest.descriptor.mediaType },
		});
	}
	const blob = [content.config, ...content.layers].find(({ descriptor }) => url.pathname.endsWith(descriptor.digest));
	return blob === undefined ? new Response('', { status: 404 }) : new Response(blob.bytes as Uint8Array<ArrayBuffer>);
}

const isLayer = (url: URL) => url.pathname.endsWith(layer.descriptor.digest);
const failure = (status: number, code: string, message: string, headers: Record<string, string> = {}) =>
	Response.json({ errors: [{ code, message }] }, { status, headers });

function pull(host: string, auth: RegistryAuth | null = null, signal = new AbortController().signal) {
	const options = { image: `${host}/app`, tag: '1', platform: null, auth };
	return collect(here.images.sources.pull(options, { caller: {}, signal }));
}

async function refused(promise: Promise<unknown>, code: string, message: string | RegExp): Promise<void> {
	const error: unknown = await promise.then(
		() => 'no error',
		(reason: unknown) => reason,
	);
	expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
	expect(await here.stored()).toEqual({ blobs: [], layers: [] });
}

describe('tokens', () => {
	/** A registry that wants a token for `pull`, and its token server. */
	const guarded = (token: (request: Request, url: URL) => Response | Promise<Response>, seen: string[] = []) => {
		const realm = serve((request, url) => token(request, url));
		return serve((request) => {
			const authorization = request.headers.get('authorization') ?? '';
			seen.push(authorization);
			if (authorization === 'Bearer good') return undefined;
			const challenge = `Bearer realm="http://${realm}/token",service="the, service",scope="repository:app:pull"`;
			return failure(401, 'UNAUTHORIZED', 'authentication required', {
				'www-authenticate': authorization === '' ? challenge : `${challenge},error="insufficient_scope"`,
			});
		});
	};

	test('anonymous, then once for all requests', async () => {
		let asked = 0;
		const host = guarded((request, url) => {
			asked++;
			expect(request.headers.get('authorization')).toBeNull();
			expect(Object.fromEntries(url.searchParams)).toEqual({ service: 'the, service', scope: 'repository:app:pull' });
			return Response.json({ token: 'good' });
		});
		expect((await pull(host)).at(-1)).toContain('Downloaded newer image');
		expect(asked).toBe(1);
	});

	test('with a password', async () => {
		const host = guarded((request, url) => {
			expect(request.headers.get('authorization')).toBe(`Basic ${btoa('me:secret')}`);
			expect(url.searchParams.get('account')).toBe('me');
			return Response.json({ access_token: 'good' });
		});
		await pull(host, { username: 'me', password: 'secret' });
	});

	test('with an identity token', async () => {
		const host = guarded(async (request) => {
			const form = new URLSearchParams(await request.text());
			expect(request.method).toBe('POST');
			expect(form.get('grant_type')).toBe('refresh_token');
			expect(form.get('refresh_token')).toBe('identity');
			return Response.json({ access_token: 'good' });
		});
		await pull(host, { identityToken: 'identity' });
	});

	test('with a registry token, sent at once', async () => {
		const seen: string[] = [];
		await pull(
			guarded(() => new Response('', { status: 500 }), seen),
			{ registryToken: 'good' },
		);
		expect(new Set(seen)).toEqual(new Set(['Bearer good']));
	});

	test('not enough, wrong password, and a token server that talks nonsense', async () => {
		await refused(
			pull(guarded(() => Response.json({ token: 'weak' }))),
			'not_found',
			/^pull access denied for \S+\/app, repository does not exist or may require 'docker login': denied: requested access to the resource is denied$/,
		);
		await refused(
			pull(guarded(() => Response.json({ details: 'incorrect username or password' }, { status: 401 }))),
			'unauthorized',
			/^unauthorized: incorrect username or password$/,
		);
		await refused(pull(guarded(() => new Response('hello'))), 'unavailable', 'unable to decode token response');
		await refused(pull(guarded(() => Response.json({ token: 'a\nb' }))), 'unavailable', 'did not include a token');
	});
});

describe('redirects', () => {
	test('lead to another host without the credentials', async () => {
		const seen: (string | null)[] = [];
		const storage = serve((request) => {
			seen.push(request.headers.get('authorization'));
			return undefined;
		});
		const host = serve((request, url) => {
			if (request.headers.get('authorization') === null) {
				return new Response('', { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } });
			}
			return isLayer(url) ? Response.redirect(`http://${storage}${url.pathname}`, 307) : undefined;
		});
		await pull(host, { username: 'me', password: 'secret' });
		expect(seen).toEqual([null]);
	});

	test('end, and stay with http', async () => {
		const around = serve((_request, url) => Response.redirect(url.href, 302));
		await refused(pull(around), 'unavailable', 'stopped after 5 redirects');
		const local = serve(() => new Response('', { status: 302, headers: { location: 'file:///etc/passwd' } }));
		await refused(pull(local), 'unavailable', 'redirects to the scheme file:');
	});
});

describe('bytes', () => {
	test('a layer that is another: both digests are named', async () => {
		const wrong = Buffer.from(layer.bytes);
		wrong[1000] = (wrong[1000] ?? 0) ^ 1;
		const host = serve((_request, url) => (isLayer(url) ? new Response(wrong) : undefined));
		await refused(pull(host), 'corrupt', new RegExp(`${layer.descriptor.digest}.*${digestOf(wrong)}`));
	});

	test('a manifest that is another than its digest', async () => {
		const digest = `sha256:${'1'.repeat(64)}`;
		const options = { image: `${serve()}/app`, tag: digest, platform: null, auth: null };
		const pulling = collect(here.images.sources.pull(options, { caller: {}, signal: new AbortController().signal }));
		await refused(pulling, 'corrupt', `manifest verification failed: expected digest ${digest}, got sha256:`);
	});

	test('too few and too many', async () => {
		const short = serve((_request, url) => (isLayer(url) ? new Response(layer.bytes.slice(0, 100)) : undefined));
		await refused(pull(short), 'corrupt', `offers 100 bytes for ${layer.descriptor.digest}`);
		const endless = serve((_request, url) => {
			if (!isLayer(url)) return undefined;
			const stream = new ReadableStream({
				pull(controller) {
					controller.enqueue(new Uint8Array(65_536));
				},
			});
			return new Response(stream);
		});
		await refused(pull(endless), 'corrupt', `offers more than ${layer.descriptor.size} bytes`);
		const large = serve((_request, url) =>
			url.pathname.includes('/manifests/') ? new Response(new Uint8Array((4 << 20) + 1)) : undefined,
		);
		await refused(pull(large), 'corrupt', 'the manifest is larger than');
	});

	/** Breaks each connection after 100,000 bytes. */
	const breaking = (honourRange: boolean, ranges: (string | null)[]) =>
		serve((request, url) => {
			if (!isLayer(url)) return undefined;
			const range = request.headers.get('range');
			ranges.push(range);
			const from = honourRange ? Number(/bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0) : 0;
			const length = honourRange ? 100_000 : 150_000 * ranges.length;
			const end = Math.min(from + length, layer.bytes.length);
			const body = new ReadableStream({
				start(controller) {
					controller.enqueue(layer.bytes.slice(from, end));
					controller.close();
				},
			});
			const headers = { 'content-range': `bytes ${from}-${layer.bytes.length - 1}/${layer.bytes.length}` };
			return from === 0 ? new Response(body) : new Response(body, { status: 206, headers });
		});

	test('a connection that breaks is taken up where it broke', async () => {
		const ranges: (string | null)[] = [];
		await pull(breaking(true, ranges));
		expect(ranges).toEqual([null, 'bytes=100000-', 'bytes=200000-', 'bytes=300000-']);
	});

	test('also when the server knows no ranges', async () => {
		const ranges: (string | null)[] = [];
		await pull(breaking(false, ranges));
		expect(ranges).toEqual([null, 'bytes=150000-', 'bytes=300000-']);
	});
});

describe('servers in trouble', () => {
	test('are asked again', async () => {
		const times = new Map<string, number>();
		const host = serve((_request, url) => {
			const count = (times.get(url.pathname) ?? 0) + 1;
			times.set(url.pathname, count);
			if (count === 1) return new Response('busy', { status: 503 });
			return count === 2 ? failure(429, 'TOOMANYREQUESTS', 'slow down', { 'retry-after': '0' }) : undefined;
		});
		expect((await pull(host)).at(-1)).toContain('Downloaded newer image');
		expect([...times.values()]).toEqual([3, 3, 3]);
	});

	test('but not for ever, and not after a long while', async () => {
		let count = 0;
		const down = serve(() => {
			count++;
			return new Response('down', { status: 500 });
		});
		await refused(pull(down), 'unavailable', /^received unexpected HTTP status: 500/);
		expect(count).toBe(impatient.patience.attempts);
		const limited = serve(() =>
			failure(429, 'TOOMANYREQUESTS', 'You have reached your pull rate limit.', { 'retry-after': '3600' }),
		);
		await refused(pull(limited), 'unavailable', /^toomanyrequests: You have reached your pull rate limit\.$/);
	});

	test('that say nothing have a deadline', async () => {
		here.close();
		here = startTestImages({
			...impatient,
			patience: { ...impatient.patience, headersMs: 40, idleMs: 40, attempts: 2 },
		});
		const silent = serve(() => new Promise<Response>(() => undefined));
		const error = await pull(silent).catch((reason: unknown) => reason);
		expect(String(error)).toContain('timeout awaiting response headers');
		const stalled = serve((_request, url) =>
			isLayer(url)
				? new Response(
						new ReadableStream({
							start(controller) {
								controller.enqueue(layer.bytes.slice(0, 10));
							},
						}),
					)
				: undefined,
		);
		expect(String(await pull(stalled).catch((reason: unknown) => reason))).toContain('no data for 0.04 s');
		expect(await here.stored()).toEqual({ blobs: [], layers: [] });
	});

	test('nobody there', async () => {
		const host = serve();
		servers.splice(0)[0]?.stop(true);
		const message = `^Get "http://${host}/v2/app/manifests/1": dial tcp ${host}: connect: connection refused$`;
		await refused(pull(host), 'unavailable', new RegExp(message));
	});
});

describe('several at once', () => {
	test('two pulls of one image download each blob once', async () => {
		let layers = 0;
		const host = serve((_request, url) => {
			if (isLayer(url)) layers++;
			return undefined;
		});
		const results = await Promise.all([pull(host), pull(host), pull(host)]);
		expect(layers).toBe(1);
		for (const lines of results) expect(lines.join()).toMatch(/Pull complete|Already exists/);
		expect((await here.stored()).blobs.length).toBe(2);
	});

	test('one that leaves does not disturb the other; when both leave, nothing stays', async () => {
		let open: (() => void) | undefined;
		const gate = () =>
			new Promise<void>((resolve) => {
				open = resolve;
			});
		let waiting = gate();
		const arrived: (() => void)[] = [];
		const host = serve(async (_request, url) => {
			if (!isLayer(url)) return plain(url, image);
			for (const tell of arrived.splice(0)) tell();
			await waiting;
			return plain(url, image);
		});
		const first = new AbortController();
		const started = new Promise<void>((resolve) => arrived.push(resolve));
		const leaver = pull(host, null, first.signal).catch((reason: unknown) => reason);
		const stayer = pull(host);
		await started;
		first.abort();
		expect(await leaver).toMatchObject({ code: 'cancelled' });
		open?.();
		expect((await stayer).at(-1)).toContain('Downloaded newer image');
		await here.images.store.remove(`${host}/app:1`, { force: false, noPrune: false }, {});
		waiting = gate();
		const last = new AbortController();
		const again = new Promise<void>((resolve) => arrived.push(resolve));
		const leaving = pull(host, null, last.signal).catch((reason: unknown) => reason);
		await again;
		last.abort();
		expect(await leaving).toMatchObject({ code: 'cancelled' });
		expect(await here.stored()).toEqual({ blobs: [], layers: [] });
		open?.();
	});
});

describe('endpoints and challenges', () => {
	test('where a registry is', () => {
		const endpoints = createEndpoints({
			...impatient,
			insecureRegistries: ['10.0.0.0/8', 'plain.test:5000'],
			registryMirrors: ['https://m.test/'],
		});
		const bases = (domain: string) => endpoints.of(domain).map(({ base }) => base);
		expect(bases('docker.io')).toEqual(['https://m.test', 'https://registry-1.docker.io']);
		expect(bases('ghcr.io')).toEqual(['https://ghcr.io']);
		for (const host of ['127.0.0.1:5000', 'localhost', '[::1]:5000', '10.1.2.3', 'plain.test:5000']) {
			expect(bases(host)).toEqual([`https://${host}`, `http://${host}`]);
		}
		for (const host of ['11.0.0.1', 'plain.test', 'localhost.evil.test', '127.0.0.1.evil.test'])
			expect(bases(host)).toHaveLength(1);
		endpoints.worked('localhost', endpoints.of('localhost')[1]!);
		expect(bases('localhost')[0]).toBe('http://localhost');
	});

	test('WWW-Authenticate', () => {
		expect(
			parseChallenges('Bearer realm="https://a/t?x=\\"y\\"",service="a,b", Basic realm=plain').map(
				({ scheme, parameters }) => [scheme, ...parameters],
			),
		).toEqual([
			['bearer', ['realm', 'https://a/t?x="y"'], ['service', 'a,b']],
			['basic', ['realm', 'plain']],
		]);
		expect(parseChallenges('')).toEqual([]);
		expect(parseChallenges('Basic')).toHaveLength(1);
		expect(parseChallenges('Bearer realm="unfinished')).toHaveLength(1);
	});
});
