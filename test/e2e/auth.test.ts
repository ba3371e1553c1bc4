import { afterAll, beforeAll, expect, test } from 'bun:test';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { engineKind, gantryProgram, startEngine, type TestEngine } from '../support/daemon.ts';
import { type InsideRegistry, startRegistryInside } from '../support/inside-registry.ts';
import { run } from '../support/run.ts';
import { startTokenRegistry, type TokenRegistry } from '../support/token-registry.ts';

const secret = 'pass word:ünd+%';
// dockerd of years ago called every failure its own.
const refusal = engineKind === 'dockerd' ? 500 : 401;
let engine: TestEngine;
let registry: InsideRegistry;
let tokens: TokenRegistry;
beforeAll(async () => {
	engine = await startEngine();
	registry = await startRegistryInside(engine, { auth: { username: 'me', password: secret } });
	tokens = await startTokenRegistry(engine, 5900);
});
afterAll(async () => {
	await tokens[Symbol.asyncDispose]();
	await registry.stop();
	await engine.close();
});

const auth = async (body: unknown) => {
	const { status, text } = await engine.api('POST', '/auth', body);
	return { status, body: JSON.parse(text) };
};

test('a registry with Basic: the right password, a wrong one, none', async () => {
	const account = { username: 'me', serveraddress: registry.host };
	const good = await auth({ ...account, password: secret });
	expect(good).toEqual({ status: 200, body: { Status: 'Login Succeeded', IdentityToken: '' } });
	const refused = { message: `login attempt to http://${registry.host}/v2/ failed with status: 401 Unauthorized` };
	expect((await auth({ ...account, password: 'wrong' })).body).toEqual(refused);
	const nobody = await auth({ serveraddress: registry.host });
	expect(nobody.body.message).toContain('no basic auth credentials');
	expect((await auth({ ...account, serveraddress: `http://${registry.host}/v1/`, password: secret })).status).toBe(200);
});

test('a registry with tokens: an identity token stands for the password', async () => {
	const account = { username: 'me', serveraddress: tokens.host };
	const good = await auth({ ...account, password: 'secret' });
	expect(good).toEqual({ status: 200, body: { Status: 'Login Succeeded', IdentityToken: 'standing' } });
	const wrong = await auth({ ...account, password: 'wrong' });
	expect(wrong.status).toBe(refusal);
	expect(wrong.body.message).toContain('unauthorized: incorrect username or password');
	expect((await auth({ serveraddress: tokens.host, identitytoken: 'standing' })).status).toBe(200);
	expect((await auth({ serveraddress: tokens.host, identitytoken: 'gone' })).status).toBe(refusal);
	expect(tokens.requests.some((line) => line.includes('offline_token=true') && line.includes('account=me'))).toBe(true);
});

test('nobody there, and addresses that cannot be', async () => {
	const closed = await auth({ username: 'me', password: secret, serveraddress: '127.0.0.1:1' });
	expect(closed.status).toBeGreaterThanOrEqual(500);
	expect(closed.body.message).toContain('connection refused');
	const bad = await auth({ username: 'me', password: secret, serveraddress: 'http://[bad' });
	expect(bad.status).toBeGreaterThanOrEqual(400);
	expect((await engine.api('POST', '/auth', undefined, `{"password":"${secret}",`)).text).not.toContain(secret);
});

test('the stock CLI logs in and out', async () => {
	const folder = join(engine.work, 'docker-config');
	mkdirSync(folder);
	const config = ['--config', folder];
	const login = ['login', '-u', 'me', '--password-stdin', registry.host];
	const done = await engine.dockerWith({ stdin: `${secret}\n` }, ...config, ...login);
	expect(done.stdout).toContain('Login Succeeded');
	const { auths } = JSON.parse(readFileSync(`${folder}/config.json`, 'utf8'));
	expect(auths[registry.host].auth).toBe(Buffer.from(`me:${secret}`).toString('base64'));
	const wrong = await engine.dockerWith({ stdin: 'wrong' }, ...config, ...login);
	expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('401 Unauthorized')]);
	expect((await engine.docker(...config, 'logout', registry.host)).stdout).toContain('Removing login credentials');
});

test.skipIf(engineKind === 'dockerd')('no secret is in the log', () => {
	for (const word of [secret, encodeURIComponent(secret), Buffer.from(`me:${secret}`).toString('base64'), 'standing']) {
		expect(engine.log()).not.toContain(word);
	}
});

test('our CLI logs in and out as the stock one does, with the file and with a helper', async () => {
	const folder = join(engine.work, 'gantry-config');
	mkdirSync(folder);
	const { argv, env } = engine.command(gantryProgram, '--config', folder);
	const ours = (stdin: string, ...words: string[]) => {
		const path = `${engine.work}:${process.env.PATH}`;
		return run({ argv: [...argv, ...words], env: { ...env, PATH: path } }, { stdin });
	};
	const login = ['login', '-u', 'me', '--password-stdin'];
	const done = await ours(`${secret}\n`, ...login, registry.host);
	expect([done.code, done.stdout]).toEqual([0, 'Login Succeeded\n']);
	expect(done.stderr).toContain(`WARNING! Your credentials are stored unencrypted in '${folder}/config.json'.`);
	const kept = () => readFileSync(`${folder}/config.json`, 'utf8');
	expect(JSON.parse(kept()).auths[registry.host].auth).toBe(Buffer.from(`me:${secret}`).toString('base64'));
	expect((await ours('', 'login', registry.host)).stdout).toContain('[Username: me]');
	const wrong = await ours('wrong', ...login, registry.host);
	expect([wrong.code, wrong.stdout]).toEqual([1, '']);
	await ours('secret', ...login, tokens.host);
	expect(JSON.parse(kept()).auths[tokens.host].identitytoken).toBe('standing');
	expect((await ours('', 'logout', registry.host)).stdout).toBe(`Removing login credentials for ${registry.host}\n`);
	expect(Object.keys(JSON.parse(kept()).auths)).toEqual([tokens.host]);
	const store = join(engine.work, 'kept');
	const helper = `#!/bin/sh\ncase $1 in store) cat > ${store};; get) cat ${store};; erase) rm -f ${store};; esac\n`;
	writeFileSync(join(engine.work, 'docker-credential-test'), helper, { mode: 0o755 });
	writeFileSync(`${folder}/config.json`, '{"credsStore":"test"}');
	expect((await ours(secret, ...login, registry.host)).stderr).toBe('');
	expect(JSON.parse(readFileSync(store, 'utf8'))).toEqual({ ServerURL: registry.host, Username: 'me', Secret: secret });
	expect(kept()).not.toContain(Buffer.from(`me:${secret}`).toString('base64'));
	expect((await ours('', 'login', registry.host)).stdout).toContain('Login Succeeded');
	await ours('', 'logout', registry.host);
	expect(existsSync(store)).toBe(false);
});
