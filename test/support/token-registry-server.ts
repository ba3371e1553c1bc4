// Started by token-registry.ts, in the network namespace of a daemon; the only argument is the port.
const port = Number(process.argv[2]);
const base = `http://127.0.0.1:${port}`;
const challenge = { 'www-authenticate': `Bearer realm="${base}/token",service="tests"` };
const refused = (headers: Record<string, string> = {}) =>
	Response.json(
		{ errors: [{ code: 'UNAUTHORIZED', message: 'incorrect username or password' }] },
		{ status: 401, headers },
	);

Bun.serve({
	hostname: '127.0.0.1',
	port,
	async fetch(request) {
		const url = new URL(request.url);
		process.stdout.write(`${request.method} ${url.pathname} ${url.search}\n`);
		if (url.pathname === '/v2/') {
			return request.headers.get('authorization') === 'Bearer good' ? Response.json({}) : refused(challenge);
		}
		if (request.method === 'POST') {
			const form = new URLSearchParams(await request.text());
			return form.get('refresh_token') === 'standing' ? Response.json({ access_token: 'good' }) : refused();
		}
		if (request.headers.get('authorization') !== `Basic ${btoa('me:secret')}`) return refused();
		const offline = url.searchParams.get('offline_token') === 'true' ? { refresh_token: 'standing' } : {};
		return Response.json({ token: 'good', ...offline });
	},
});
process.stdout.write('ready\n');
