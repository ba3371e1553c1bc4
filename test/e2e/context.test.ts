import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import {
	chmodSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TarHeaderInput, tarEnd, tarPadding, writeTarHeader } from '../../src/lib/tar/write.ts';
import { busybox, engineKind, gantryProgram, startEngine, type TestEngine } from '../support/daemon.ts';
import { onTerminal, type RunOptions, run, runSync } from '../support/run.ts';

const root = mkdtempSync(join(tmpdir(), 'contexts-'));
const docker = Bun.which('docker');
/** Years ago the texts were others. */
const comparable = docker !== null && Number(/version (\d+)/.exec(runSync(docker, '--version').stdout)?.[1] ?? 0) >= 28;

beforeAll(() => {
	const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
	const key = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
	const made = runSync('openssl', ...key, ...subject, '-keyout', `${root}/key.pem`, '-out', `${root}/cert.pem`);
	if (made.code !== 0) throw new Error(made.stderr);
	writeFileSync(`${root}/ca.pem`, readFileSync(`${root}/cert.pem`));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

type Env = Readonly<Record<string, string>>;

/** One configuration folder, for either program. */
function workspace(name: string) {
	const config = join(root, name);
	mkdirSync(config, { recursive: true });
	const call = (program: string, env: Env, options: RunOptions, args: readonly string[]) =>
		run(
			{ argv: [program, ...args], env: { PATH: process.env.PATH, HOME: root, DOCKER_CONFIG: config, ...env } },
			options,
		);
	return {
		config,
		gantry: (...args: string[]) => call(gantryProgram, {}, {}, args),
		gantryWith: (env: Env, options: RunOptions, ...args: string[]) => call(gantryProgram, env, options, args),
		docker: (...args: string[]) => call(docker ?? 'docker', {}, {}, args),
		dockerWith: (env: Env, options: RunOptions, ...args: string[]) => call(docker ?? 'docker', env, options, args),
	};
}

const sameWords = (text: string) =>
	text
		.replaceAll('/var/run/docker.sock', '/run/gantry.sock')
		.replaceAll(/Docker daemon|docker daemon/g, 'daemon')
		.replaceAll(/Gantry daemon|gantry daemon/g, 'daemon')
		.replaceAll(/^docker: 'docker /gm, "gantry: 'gantry ")
		.replaceAll(/(Usage: {2}|Run ')docker/g, '$1gantry')
		.replaceAll(/ +$/gm, '')
		.replaceAll(/^NAME .*$/gm, (line) => line.replaceAll(/ +/g, ' '))
		.replaceAll(/^(\S+(?: \*)?) {2,}(.*)$/gm, (line) => line.replaceAll(/ +/g, ' '));

/** Command lines in the order in which they are run; `=` before one sets a variable for it. */
const lines: readonly (readonly [Env, string])[] = [
	[{}, 'context ls'],
	[{}, 'context show'],
	[{}, 'context inspect'],
	[{}, 'context create a'],
	[{}, 'context create default'],
	[{}, 'context create a/b'],
	[{}, 'context create'],
	[{}, 'context create x y'],
	[
		{},
		'context create aa --description one --docker host=tcp://h:2376,ca=CERTS/ca.pem,cert=CERTS/cert.pem,key=CERTS/key.pem',
	],
	[{}, 'context create aa'],
	[{}, 'context create bb'],
	[{}, 'context create cc --docker host=unix:///x'],
	[{}, 'context create ee --from aa'],
	[{}, 'context create e2 --from aa --description two'],
	[{}, 'context create e10 --docker from=cc'],
	[{}, 'context create gg --docker host=tcp://h,skip-tls-verify=true'],
	[{}, 'context create g1 --docker host=tcp://h --docker skip-tls-verify=1'],
	[{}, 'context create no --docker host=tcp://h,skip-tls-verify=maybe'],
	[{}, 'context create no --docker bogus=1'],
	[{}, 'context create no --docker bogus'],
	[{}, 'context create no --docker ='],
	[{}, 'context create no --docker ca=x'],
	[{}, 'context create no --docker host=bogus'],
	[{}, 'context create no --docker host=unix://'],
	[{}, 'context create no --docker host=ssh://u:pw@h'],
	[{}, 'context create no --docker host=tcp://x,ca=CERTS/key.pem'],
	[{}, 'context create no --docker host=tcp://x,cert=CERTS/key.pem,key=CERTS/cert.pem'],
	[{}, 'context create no --docker host=tcp://x --from aa'],
	[{}, 'context create no --from nope'],
	[{}, 'context create no --docker from=nope'],
	[{}, 'context ls'],
	[{}, 'context ls -q'],
	[{}, 'context ls --format json'],
	[{}, 'context ls --format {{.Name}}|{{.Current}}|{{.DockerEndpoint}}|{{.Error}}|{{.Description}}'],
	[{}, 'context ls --format {{.Nope}}'],
	[{}, 'context inspect aa gg'],
	[{}, 'context inspect nope aa'],
	[{}, 'context inspect -f {{.Name}}={{.Endpoints.docker.Host}} aa nope bb'],
	[{}, 'context inspect -f json aa'],
	[{}, 'context use nope'],
	[{}, 'context use cc'],
	[{}, 'context use cc'],
	[{}, 'context show'],
	[{}, 'context ls'],
	[{}, 'ps'],
	[{}, 'version -f {{.Client.Context}}'],
	[{ DOCKER_HOST: 'unix:///y' }, 'context use aa'],
	[{ DOCKER_HOST: 'unix:///y' }, 'context ls'],
	[{ DOCKER_HOST: 'unix:///y' }, 'context show'],
	[{ DOCKER_HOST: 'unix:///y' }, 'ps'],
	[{ DOCKER_HOST: 'unix:///y' }, '-c cc ps'],
	[{ DOCKER_HOST: 'unix:///y', DOCKER_CONTEXT: 'cc' }, 'ps'],
	[{ DOCKER_CONTEXT: 'cc' }, 'context show'],
	[{ DOCKER_CONTEXT: 'cc' }, 'ps'],
	[{ DOCKER_CONTEXT: 'nope' }, 'ps'],
	[{ DOCKER_CONTEXT: 'nope' }, 'context ls'],
	[{ DOCKER_CONTEXT: 'nope' }, '-H unix:///z ps'],
	[{}, '-c cc -H unix:///z ps'],
	[{}, '-H unix:///z context ls'],
	[{}, '-H a -H b ps'],
	[{}, '-l bogus ps'],
	[{}, 'context rm aa'],
	[{}, 'context rm nope default'],
	[{}, 'context rm -f aa nope'],
	[{}, 'context show'],
	[{}, 'context update cc --description new'],
	[{}, 'context update cc --docker host=tcp://other:1'],
	[{}, 'context update cc --docker bogus=1'],
	[{}, 'context update nope --description x'],
	[{}, 'context update default --description x'],
	[{}, 'context inspect cc'],
	[{}, 'context update ee --docker host=unix:///no-tls'],
	[{}, 'context inspect ee'],
	[{}, 'context export nope -'],
	[{}, 'context import bb nope.tar'],
	[{}, 'context import ii nope.tar'],
	[{}, 'context use default'],
	[{ DOCKER_TLS_VERIFY: '1' }, '-H tcp://127.0.0.1:1 ps'],
	[{ DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: 'CERTS' }, '-H tcp://127.0.0.1:1 ps'],
	[{}, '--tls -H tcp://127.0.0.1:1 ps'],
	[{}, '--tlsverify=false -H tcp://127.0.0.1:1 ps'],
	[{}, '--tlscacert CERTS/ca.pem --tlscert nope --tls -H tcp://127.0.0.1:1 ps'],
	[{}, '-H foo://x ps'],
	[{}, '-H ssh://u:p@h ps'],
];

describe.skipIf(!comparable)('contexts are docker’s', () => {
	test('what is printed, exit codes and files, line by line', async () => {
		// The same path for both, so that messages are the same.
		const files: string[] = [];
		const told: unknown[][] = [];
		for (const program of ['docker', 'gantry'] as const) {
			rmSync(join(root, 'same'), { recursive: true, force: true });
			const space = workspace('same');
			const results: unknown[] = [];
			for (const [env, line] of lines) {
				const words = line.split(' ').map((word) => word.replaceAll('CERTS', root));
				const variables = Object.fromEntries(Object.entries(env).map(([k, v]) => [k, v.replaceAll('CERTS', root)]));
				const result = await (program === 'docker' ? space.dockerWith : space.gantryWith)(variables, {}, ...words);
				results.push({ line, code: result.code, stdout: sameWords(result.stdout), stderr: sameWords(result.stderr) });
			}
			told.push(results);
			files.push(
				readdirSync(space.config, { recursive: true, encoding: 'utf8' })
					.filter((name) => /\.(json|pem)$/.test(name))
					.sort()
					.map((name) => sameWords(`${name}: ${readFileSync(join(space.config, name))}`))
					.join('\n'),
			);
		}
		expect(told[1]).toEqual(told[0] ?? []);
		expect(files[1]).toBe(files[0] ?? '');
	});

	test('each uses what the other made; archives are the same', async () => {
		const space = workspace('shared');
		const certs = `ca=${root}/ca.pem,cert=${root}/cert.pem,key=${root}/key.pem`;
		await space.gantry('context', 'create', 'ours', '--description', 'd <&>', '--docker', `host=tcp://h:2376,${certs}`);
		await space.docker('context', 'create', 'theirs', '--docker', `host=tcp://h:2376,${certs},skip-tls-verify=true`);
		for (const name of ['ours', 'theirs']) {
			const [a, b] = [await space.docker('context', 'inspect', name), await space.gantry('context', 'inspect', name)];
			expect(JSON.parse(b.stdout)).toEqual(JSON.parse(a.stdout));
			expect((await space.docker('context', 'use', name)).code).toBe(0);
			expect((await space.gantry('context', 'show')).stdout).toBe(`${name}\n`);
			const ours = join(root, `${name}.ours`);
			const theirs = join(root, `${name}.theirs`);
			expect((await space.gantry('context', 'export', name, ours)).stderr).toBe(`Written file "${ours}"\n`);
			expect((await space.docker('context', 'export', name, theirs)).code).toBe(0);
			expect((await space.docker('context', 'import', `${name}-1`, ours)).stderr).toContain('Successfully imported');
			expect((await space.gantry('context', 'import', `${name}-2`, theirs)).stderr).toContain('Successfully imported');
			const [one, two] = await Promise.all(
				['1', '2'].map(async (n) => JSON.parse((await space.docker('context', 'inspect', `${name}-${n}`)).stdout)[0]),
			);
			expect(one.Endpoints).toEqual(two.Endpoints);
			expect(one.TLSMaterial).toEqual({ docker: ['ca.pem', 'cert.pem', 'key.pem'] });
			expect(two.TLSMaterial).toEqual(one.TLSMaterial);
		}
	});
});

function tarOf(entries: readonly (readonly [TarHeaderInput, string])[]): Uint8Array {
	const parts = entries.flatMap(([header, body]) => [
		writeTarHeader({ ...header, size: body.length }),
		Buffer.from(body),
		tarPadding(body.length),
	]);
	return Buffer.concat([...parts, tarEnd]);
}

const meta = JSON.stringify({ Name: 'x', Metadata: {}, Endpoints: { docker: { Host: 'unix:///x' } } });
const metaEntry = [{ name: 'meta.json', type: 'file' }, meta] as const;

const hostile: readonly (readonly [string, Uint8Array, string])[] = [
	['another file', tarOf([metaEntry, [{ name: 'extra', type: 'file' }, 'x']]), 'extra: unexpected context file'],
	['a path upwards', tarOf([metaEntry, [{ name: 'tls/../../../evil', type: 'file' }, 'x']]), 'unexpected path format'],
	['a name of dots', tarOf([metaEntry, [{ name: 'tls/../evil', type: 'file' }, 'x']]), 'unexpected path format'],
	['an absolute path', tarOf([[{ name: '/etc/evil', type: 'file' }, 'x']]), 'unexpected context file'],
	['a deeper path', tarOf([metaEntry, [{ name: 'tls/docker/a/b', type: 'file' }, 'x']]), 'unexpected path format'],
	[
		'a link',
		tarOf([metaEntry, [{ name: 'tls/docker/ca.pem', type: 'symlink', linkName: '/etc/passwd' }, '']]),
		'not a plain file',
	],
	['no metadata', tarOf([[{ name: 'tls/docker/ca.pem', type: 'file' }, 'x']]), 'invalid context: no metadata found'],
	['metadata that is no JSON', tarOf([[{ name: 'meta.json', type: 'file' }, '{bad']]), 'parsing meta.json'],
	[
		'metadata of another kind',
		tarOf([[{ name: 'meta.json', type: 'file' }, '{"Endpoints":{"docker":{"Host":5}}}']]),
		'Endpoints.docker.Host must be a string',
	],
	[
		'a file that is too long',
		tarOf([metaEntry, [{ name: 'tls/docker/ca.pem', type: 'file' }, 'x'.repeat(11 << 20)]]),
		'read exceeds the defined limit',
	],
	[
		'many entries',
		tarOf([metaEntry, ...Array.from({ length: 100 }, (_, i) => [{ name: `tls/e${i}/f`, type: 'file' }, 'x'] as const)]),
		'more than 64 entries',
	],
	['something else', Buffer.from('x'.repeat(2000)), 'checksum'],
	['a broken zip', Buffer.from('PK\x03\x04 and no more'), 'not a valid zip file'],
	['nothing', new Uint8Array(0), 'invalid context: no metadata found'],
];

describe('archives from strangers', () => {
	for (const [what, bytes, message] of hostile) {
		test(`${what}: refused, and nothing is left`, async () => {
			const space = workspace(`hostile-${what.replaceAll(' ', '-')}`);
			const result = await space.gantryWith({}, { stdin: bytes }, 'context', 'import', 'evil', '-');
			expect([result.code, result.stdout]).toEqual([1, '']);
			expect(result.stderr).toContain(message);
			expect(result.stderr.trimEnd().split('\n').length).toBe(1);
			expect(readdirSync(space.config)).toEqual([]);
			expect(existsSync(join(root, 'evil'))).toBe(false);
		});
	}

	test('a zip is taken as a tar is', async () => {
		const space = workspace('zip');
		const script = `import sys,zipfile
z=zipfile.ZipFile(sys.argv[1],'w',zipfile.ZIP_DEFLATED)
z.writestr('meta.json',sys.argv[2]); z.writestr('tls/docker/ca.pem','A'*5000); z.close()`;
		expect(runSync('python3', '-c', script, join(root, 'c.zip'), meta).code).toBe(0);
		expect((await space.gantry('context', 'import', 'zipped', join(root, 'c.zip'))).stdout).toBe('zipped\n');
		const [{ TLSMaterial, Storage }] = JSON.parse((await space.gantry('context', 'inspect', 'zipped')).stdout);
		expect(TLSMaterial).toEqual({ docker: ['ca.pem'] });
		expect(readFileSync(`${Storage.TLSPath}/docker/ca.pem`, 'utf8')).toBe('A'.repeat(5000));
	});
});

describe('the configuration', () => {
	test('keeps what other programs put there', async () => {
		const space = workspace('kept');
		const path = join(space.config, 'config.json');
		writeFileSync(path, JSON.stringify({ auths: { r: { auth: 'eDp5' } }, future: { a: [1] } }), { mode: 0o600 });
		await space.gantry('context', 'create', 'one', '--docker', 'host=unix:///x');
		await space.gantry('context', 'use', 'one');
		expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({
			auths: { r: { auth: 'eDp5' } },
			future: { a: [1] },
			currentContext: 'one',
		});
		await space.gantry('context', 'rm', '-f', 'one');
		expect(JSON.parse(readFileSync(path, 'utf8')).currentContext).toBeUndefined();
	});

	test('that cannot be read is said to be wrong, and is not written over', async () => {
		const space = workspace('broken');
		const path = join(space.config, 'config.json');
		writeFileSync(path, '{bad');
		expect((await space.gantry('context', 'ls')).stderr).toStartWith(`WARNING: Error parsing config file (${path}): `);
		await space.gantry('context', 'create', 'one', '--docker', 'host=unix:///x');
		const used = await space.gantry('context', 'use', 'one');
		expect(used.code).toBe(1);
		expect(used.stderr).toContain(`Error parsing config file (${path})`);
		expect(readFileSync(path, 'utf8')).toBe('{bad');
	});
});

describe.skipIf(engineKind === 'dockerd')('daemons that contexts name', () => {
	let engine: TestEngine;
	const port = 23761;
	const bin = join(root, 'bin');
	const inNamespace = (...command: string[]) => ['nsenter', `--net=/run/netns/${engine.netns}`, ...command];
	const env = (name: string): Env => ({
		PATH: `${bin}:${process.env.PATH}`,
		HOME: root,
		DOCKER_CONFIG: join(root, name),
	});
	const gantry = (name: string, options: RunOptions, ...args: string[]) =>
		run({ argv: inNamespace(gantryProgram, ...args), env: env(name) }, options);

	beforeAll(async () => {
		const tls = [
			'--tlsverify',
			'--tlscacert',
			`${root}/ca.pem`,
			'--tlscert',
			`${root}/cert.pem`,
			'--tlskey',
			`${root}/key.pem`,
		];
		engine = await startEngine({ args: ['-H', `tcp://127.0.0.1:${port}`, ...tls] });
		await engine.loadBusybox();
		mkdirSync(bin);
		// What sshd does: the words after the host go to a shell, here with the daemon's address as its default.
		const script = `#!/bin/sh
echo "$*" >> ${root}/ssh.log
while [ "$1" != -- ]; do shift; done
shift
case "$1" in
refuse) echo 'Permission denied (publickey).' >&2; exit 255 ;;
old) PATH=${root}/old:/usr/bin:/bin ;;
esac
shift
export DOCKER_HOST=unix://${engine.socket}
exec sh -c "$*"
`;
		writeFileSync(join(bin, 'ssh'), script);
		writeFileSync(join(bin, 'gantry'), `#!/bin/sh\nexec ${gantryProgram} "$@"\n`);
		mkdirSync(join(root, 'old'));
		writeFileSync(
			join(root, 'old/docker'),
			`#!/bin/sh\necho docker "$@" >> ${root}/ssh.log\nexec ${gantryProgram} "$@"\n`,
		);
		for (const file of ['bin/ssh', 'bin/gantry', 'old/docker']) chmodSync(join(root, file), 0o755);
		for (const [name, docker] of [
			['tls', `host=tcp://localhost:${port},ca=${root}/ca.pem,cert=${root}/cert.pem,key=${root}/key.pem`],
			['skip', `host=tcp://localhost:${port},skip-tls-verify=true,cert=${root}/cert.pem,key=${root}/key.pem`],
			['no-cert', `host=tcp://localhost:${port},ca=${root}/ca.pem`],
			['ssh', 'host=ssh://somebody@there:2222'],
			['path', `host=ssh://there${engine.socket}`],
			['old', 'host=ssh://old'],
			['refuse', 'host=ssh://refuse'],
		] as const) {
			const made = await gantry('used', {}, 'context', 'create', `via-${name}`, '--docker', docker);
			if (made.code !== 0) throw new Error(made.stderr);
		}
	});
	afterAll(() => engine.close());

	for (const name of ['tls', 'skip', 'ssh', 'path', 'old']) {
		test(`via-${name}: requests, streams both ways, exit codes`, async () => {
			const on = (...args: string[]) => gantry('used', {}, '-c', `via-${name}`, ...args);
			expect((await on('version', '-f', '{{.Client.Context}} {{.Server.Os}}')).stdout).toBe(`via-${name} linux\n`);
			const image = (await engine.docker('image', 'inspect', '-f', '{{.Id}}', busybox)).stdout;
			expect((await on('images', '-q', '--no-trunc')).stdout).toBe(image);
			expect(await on('run', '--rm', busybox, 'sh', '-c', 'echo out; echo err >&2; exit 7')).toEqual({
				code: 7,
				stdout: 'out\n',
				stderr: 'err\n',
			});
			const typed = 'x'.repeat(300_000);
			const echoed = await gantry('used', { stdin: typed }, '-c', `via-${name}`, 'run', '--rm', '-i', busybox, 'cat');
			expect(echoed.stdout.length).toBe(typed.length);
			expect((await on('ps', '-aq')).stdout).toBe('');
		});
	}

	test('a terminal over ssh', async () => {
		const argv = inNamespace(gantryProgram, '-c', 'via-ssh', 'run', '--rm', '-it', busybox, 'sh');
		const session = onTerminal({ argv, env: { ...env('used'), TERM: 'xterm' } });
		await session.waitFor(/# /);
		session.type('stty size; exit 9\n');
		await session.waitFor(/30 100/);
		expect(await session.exited).toBe(9);
	});

	test('what ssh is called with; gantry there, or else docker', async () => {
		const said = readFileSync(join(root, 'ssh.log'), 'utf8');
		expect(said).toContain('-o ConnectTimeout=30 -T -l somebody -p 2222 -- there sh -c ');
		expect(said).toContain(`unix://${engine.socket}`);
		expect(said).toContain('docker system dial-stdio\n');
	});

	test('what goes wrong is said', async () => {
		const refused = await gantry('used', {}, '-c', 'via-refuse', 'ps');
		expect(refused.code).toBe(1);
		expect(refused.stderr).toContain('has exited with exit status 255');
		expect(refused.stderr).toContain('stderr=Permission denied (publickey).');
		const anonymous = await gantry('used', {}, '-c', 'via-no-cert', 'ps');
		expect([anonymous.code, anonymous.stdout]).toEqual([1, '']);
		expect(anonymous.stderr).toStartWith('error during connect: ');
		const other = join(root, 'other');
		mkdirSync(other);
		const made = runSync(
			'openssl',
			'req',
			'-x509',
			'-newkey',
			'rsa:2048',
			'-nodes',
			'-days',
			'2',
			'-subj',
			'/CN=other',
			'-keyout',
			`${other}/key.pem`,
			'-out',
			`${other}/ca.pem`,
		);
		expect(made.code).toBe(0);
		const stranger = await gantry(
			'used',
			{},
			'--tlsverify',
			'--tlscacert',
			`${other}/ca.pem`,
			'--tlscert',
			`${root}/cert.pem`,
			'--tlskey',
			`${root}/key.pem`,
			'-H',
			`tcp://127.0.0.1:${port}`,
			'ps',
		);
		expect(stranger.code).toBe(1);
		expect(stranger.stderr).toContain('certificate');
	});

	test.skipIf(!comparable)('docker takes our dial-stdio for its own', async () => {
		const argv = inNamespace('docker', '-c', 'via-old', 'run', '--rm', busybox, 'echo', 'hello');
		expect(await run({ argv, env: env('used') })).toEqual({ code: 0, stdout: 'hello\n', stderr: '' });
	});
});
