import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { busybox, engineKind, gantryProgram, startEngine, type TestEngine, within } from '../support/daemon.ts';
import { type RunResult, run, runSync } from '../support/run.ts';

/** The first daemon, for the others to run beside it in its namespace. */
let engine: TestEngine;
beforeAll(async () => {
	engine = await startEngine();
	await engine.loadBusybox();
});
afterAll(() => engine.close());

interface Other {
	readonly pid: number;
	/** The docker CLI with global flags (`-H …`). */
	docker(...args: string[]): Promise<RunResult>;
	stop(): Promise<string>;
}

/** Starts a daemon with just these arguments in the namespace of the first, and waits for its word that it listens. */
async function serve(...args: string[]): Promise<Other> {
	const { argv } = engine.command(gantryProgram, 'daemon', ...args);
	const child = spawn(argv[0] ?? '', argv.slice(1), { stdio: ['ignore', 'ignore', 'pipe'] });
	const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
	let log = '';
	const listening = new Promise<void>((resolve, reject) => {
		child.stderr.on('data', (chunk) => {
			log += chunk;
			if (log.includes('completed initialization')) resolve();
		});
		child.once('exit', () => reject(new Error(`the daemon ended:\n${log}`)));
	});
	await within(20_000, listening, () => `not ready:\n${log}`);
	return {
		pid: child.pid ?? 0,
		docker: (...words) => run(engine.command('docker', ...words)),
		async stop() {
			child.kill('SIGTERM');
			await within(10_000, exited, () => `did not end:\n${log}`);
			return log;
		},
	};
}

let rooms = 0;
/** Arguments that keep a daemon out of the way of the others, and its API's address. */
function room(): { readonly root: string; readonly host: string; readonly args: string[] } {
	const root = `${engine.root}/room${++rooms}`;
	mkdirSync(root);
	const args = ['--data-root', `${root}/data`, '--exec-root', `${root}/exec`, '--pidfile', `${root}/pid`];
	return { root, host: `unix://${root}/sock`, args: [...args, '--bridge', `room${rooms}`] };
}

/** A start that must fail: what it says on stderr. */
async function refused(...args: string[]): Promise<string> {
	const result = await engine.inside(gantryProgram, 'daemon', ...args);
	expect([result.code, result.stdout]).toEqual([1, '']);
	const lines = result.stderr.split('\n').filter((line) => !line.startsWith('time='));
	expect(lines).toHaveLength(2);
	expect(lines[0]).toStartWith('gantry daemon: ');
	return (lines[0] ?? '').slice('gantry daemon: '.length);
}

describe.skipIf(engineKind === 'dockerd')('daemon', () => {
	test('--help, --version and --validate', async () => {
		const help = await engine.gantry('daemon', '--help');
		expect([help.code, help.stdout]).toEqual([0, expect.stringContaining('--data-root')]);
		expect((await engine.gantry('daemon', '--version')).stdout).toMatch(/^Gantry version \d+\.\d+\.\d+, build /);
		expect((await engine.gantry('daemon', '--validate', '--bip', '10.3.0.1/16')).stdout).toBe('configuration OK\n');
		expect(await refused('--validate', '--bip', '10.3.0.1')).toBe('invalid CIDR address: 10.3.0.1');
	});

	test.each([
		[['--no-such-flag'], 'unknown flag: --no-such-flag'],
		[['-x'], 'unknown flag: -x'],
		[['stray'], '"gantry daemon" accepts no arguments: stray'],
		[['--bip', '300.0.0.1/8'], 'invalid CIDR address: 300.0.0.1/8'],
		[['--bridge', 'a name that is too long'], 'invalid bridge name'],
		[['-H', 'ftp://x'], 'unable to parse the host "ftp://x"'],
		[['-H', 'tcp://127.0.0.1:99999'], 'invalid port'],
		[['--log-level', 'loud'], 'invalid logging level: loud'],
		[['--mtu', '12'], 'invalid mtu: 12'],
		[['--label', 'novalue'], 'bad attribute format: novalue'],
		[['--add-runtime', 'nopath'], 'invalid runtime option "nopath"'],
		[['--tlsverify'], 'TLS needs --tlscert and --tlskey'],
		[['--debug=maybe'], 'invalid argument "maybe" for "--debug" flag'],
		[['--config-file', '/no/such/file.json'], 'unable to configure the daemon with file /no/such/file.json'],
	])('%j is refused in one line', async (flags, words) => {
		expect(await refused(...room().args, ...flags)).toContain(words);
	});

	test('a group that is not there, a runtime that is not there', async () => {
		expect(await refused(...room().args, '--group', 'nobodies')).toContain('group nobodies not found');
		expect(await refused(...room().args, '--default-runtime', 'nope')).toBe(
			"specified default runtime 'nope' does not exist",
		);
	});

	test('sockets: several at once, their modes, their group', async () => {
		const { root, host, args } = room();
		const other = await serve(
			...args,
			'-H',
			host,
			'-H',
			`unix://${root}/deep/second`,
			'-H',
			'tcp://127.0.0.1:2377',
			'-G',
			'65534',
		);
		for (const address of [host, `unix://${root}/deep/second`, 'tcp://127.0.0.1:2377']) {
			expect(await other.docker('-H', address, 'version', '-f', '{{.Server.Version}}')).toMatchObject({ code: 0 });
		}
		const { mode, gid } = statSync(`${root}/sock`);
		expect([mode & 0o777, gid]).toEqual([0o660, 65_534]);
		const log = await other.stop();
		expect(log).toMatch(/level=warn msg="API on 127\.0\.0\.1:2377 without checking clients/);
		expect(existsSync(`${root}/sock`)).toBe(false);
	});

	test('TLS: clients with a certificate of the CA, and no others', async () => {
		const { root, host, args } = room();
		const path = (name: string) => `${root}/${name}`;
		makeCertificates(root);
		const files = ['--tlscacert', path('ca.pem'), '--tlscert', path('server.pem'), '--tlskey', path('server-key.pem')];
		const other = await serve(...args, '-H', host, '-H', 'tcp://127.0.0.1', '--tlsverify', ...files);
		const address = ['-H', 'tcp://127.0.0.1:2376'];
		const client = ['--tlscacert', path('ca.pem'), '--tlscert', path('client.pem'), '--tlskey', path('client-key.pem')];
		const info = ['version', '-f', '{{.Server.Os}}'];
		expect(await other.docker(...address, '--tlsverify', ...client, ...info)).toMatchObject({ stdout: 'linux\n' });
		expect((await other.docker(...address, ...info)).code).not.toBe(0);
		const curl = ['curl', '-s', '--noproxy', '*', '--cacert', path('ca.pem')];
		const ping = async (...flags: string[]) =>
			(await engine.inside(...curl, ...flags, 'https://127.0.0.1:2376/_ping')).stdout;
		expect(await ping('--cert', path('client.pem'), '--key', path('client-key.pem'))).toBe('OK');
		expect(await ping('--cert', path('stranger.pem'), '--key', path('stranger-key.pem'))).toBe('');
		expect(await ping()).toBe('');
		// The unix socket has no TLS; streams work over TLS too.
		expect((await other.docker('-H', host, 'load', '-q', '-i', `${engine.work}/busybox.tar`)).code).toBe(0);
		const ran = await other.docker(...address, '--tlsverify', ...client, 'run', '--rm', busybox, 'echo', 'over TLS');
		expect(ran).toEqual({ code: 0, stdout: 'over TLS\n', stderr: '' });
		await other.stop();
		const encrypted = await serve(...args, '-H', 'tcp://127.0.0.1', '--tls', ...files.slice(2));
		expect(await ping()).toBe('OK');
		await encrypted.stop();
		writeFileSync(path('server.pem'), 'no certificate');
		expect(await refused(...args, '-H', 'tcp://127.0.0.1', '--tls', ...files)).toMatch(
			/^could not load the TLS files .*server\.pem, .*: /,
		);
	});

	test('bridge and address, labels, level of the log, a runtime of one’s own', async () => {
		const { root, host, args } = room();
		const runtime = `${root}/my-runtime`;
		writeFileSync(runtime, `#!/bin/sh\necho "$@" >>${root}/calls\nexec crun "$@"\n`);
		chmodSync(runtime, 0o755);
		const flags = ['--bip', '10.211.3.1/24', '--label', 'zone=a', '--label', 'rack=b', '--log-level', 'debug'];
		const other = await serve(
			...args,
			'-H',
			host,
			...flags,
			'--add-runtime',
			`mine=${runtime}`,
			'--default-runtime',
			'runc',
		);
		const docker = (...words: string[]) => other.docker('-H', host, ...words);
		expect(readFileSync(`${root}/pid`, 'utf8').trim()).toBe(String(other.pid));
		const info = JSON.parse((await docker('info', '-f', '{{json .}}')).stdout);
		expect(info).toMatchObject({ DockerRootDir: `${root}/data`, Labels: ['zone=a', 'rack=b'], DefaultRuntime: 'runc' });
		expect(Object.keys(info.Runtimes)).toContain('mine');
		await docker('load', '-q', '-i', `${engine.work}/busybox.tar`);
		const address = await docker('run', '--rm', busybox, 'ip', '-o', '-4', 'addr', 'show', 'eth0');
		expect(address.stdout).toContain('inet 10.211.3.2/24');
		expect(readFileSync(`${root}/calls`, 'utf8')).toBe('--version\nfeatures\n');
		expect((await docker('run', '--rm', '--runtime', 'mine', busybox, 'echo', 'ran')).stdout).toBe('ran\n');
		expect(readFileSync(`${root}/calls`, 'utf8')).toContain('run --detach');
		expect((await docker('run', '--rm', '--runtime', 'other', busybox, 'true')).stderr).toContain(
			'unknown or invalid runtime name: other',
		);
		await other.stop();
		expect(existsSync(`${root}/pid`)).toBe(false);
		expect((await engine.inside('ip', '-o', 'link')).stdout).not.toContain('room');
	});

	test('--bridge none: containers without a network', async () => {
		const { host, args } = room();
		const other = await serve(...args.slice(0, -1), 'none', '-H', host);
		const docker = (...words: string[]) => other.docker('-H', host, ...words);
		expect((await docker('network', 'ls', '--format', '{{.Name}}')).stdout).toBe('host\nnone\n');
		await docker('load', '-q', '-i', `${engine.work}/busybox.tar`);
		expect((await docker('run', '--rm', busybox, 'ls', '/sys/class/net')).stdout).toBe('lo\n');
		await other.stop();
	});

	test('everything by --config-file', async () => {
		const { root, host } = room();
		const file = `${root}/daemon.json`;
		const settings = {
			'data-root': `${root}/data`,
			'exec-root': `${root}/exec`,
			pidfile: `${root}/pid`,
			hosts: [host],
			bridge: 'by-file0',
			bip: '10.212.0.1/16',
			mtu: 1400,
			labels: ['from=file'],
			'log-level': 'warn',
			debug: false,
			runtimes: { other: { path: 'crun', runtimeArgs: ['--debug'] } },
			'insecure-registries': ['registry.test:5000'],
			'registry-mirrors': ['https://mirror.test'],
		};
		writeFileSync(file, JSON.stringify({ ...settings, 'log-level': 'info' }));
		const other = await serve('--config-file', file);
		const info = JSON.parse((await other.docker('-H', host, 'info', '-f', '{{json .}}')).stdout);
		expect(info).toMatchObject({ DockerRootDir: `${root}/data`, Labels: ['from=file'] });
		expect(info.RegistryConfig).toMatchObject({ Mirrors: [expect.stringContaining('https://mirror.test')] });
		expect(Object.keys(info.Runtimes)).toContain('other');
		const link = (await engine.inside('ip', '-o', 'addr', 'show', 'by-file0')).stdout;
		expect(link).toContain('10.212.0.1/16');
		expect((await engine.inside('ip', '-o', 'link', 'show', 'by-file0')).stdout).toContain('mtu 1400');
		await other.stop();

		const prefix = `unable to configure the daemon with file ${file}`;
		expect(await refused('--config-file', file, '--bip', '10.9.0.1/16')).toBe(
			`${prefix}: the following directives are specified both as a flag and in the configuration file: bip: (from flag: 10.9.0.1/16, from file: 10.212.0.1/16)`,
		);
		const wrong = async (content: string) => {
			writeFileSync(file, content);
			return refused('--config-file', file);
		};
		expect(await wrong('{"colour": "blue", "bip": "10.9.0.1/16"}')).toBe(
			`${prefix}: the following directives don't match any configuration option: colour`,
		);
		expect(await wrong('{"labels": "a=b"}')).toBe(`${prefix}: labels must be a list of strings`);
		expect(await wrong('{"debug": ')).toStartWith(prefix);
		expect(await wrong('[]')).toBe(`${prefix}: give a JSON object`);
		expect(await wrong('{"runtimes": {"x": {}}}')).toContain('runtime x needs a path');
	});

	test('a second daemon in the same place is refused, and harms nothing', async () => {
		const { root, args, host } = room();
		const flag = (name: string, value: string) => {
			const copy = [...args];
			copy[copy.indexOf(name) + 1] = value;
			return [...copy, '-H', host];
		};
		expect(await refused(...flag('--data-root', `${engine.root}/data`))).toBe(
			`another daemon works in ${engine.root}/data: stop it, or give this one another --data-root`,
		);
		expect(await refused(...flag('--exec-root', `${engine.root}/exec`))).toContain('another --exec-root');
		expect(await refused(...flag('--pidfile', `${engine.root}/pid`))).toBe(
			`failed to start daemon: process with PID ${engine.pid()} is still running; stop it, or give another --pidfile`,
		);
		expect(await refused(...flag('--bridge', 'gantry0'))).toContain('another daemon uses the bridge gantry0');
		expect(await refused(...args, '-H', `unix://${engine.socket}`)).toBe(`another daemon listens on ${engine.socket}`);
		expect(readFileSync(`${engine.root}/pid`, 'utf8')).toBe(String(engine.pid()));
		expect(existsSync(`${root}/pid`)).toBe(false);
		expect((await engine.inside('ip', '-o', 'link')).stdout).not.toContain('room');
		expect(await engine.ok('run', '--rm', busybox, 'echo', 'well')).toBe('well');
	});

	test('a TCP port that is taken', async () => {
		const { args } = room();
		using server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('taken') });
		const other = await serve(...args, '-H', 'tcp://127.0.0.1:2399');
		const second = room();
		expect(await refused(...second.args, '-H', 'tcp://127.0.0.1:2399')).toContain('listen on 127.0.0.1:2399');
		expect((await engine.inside('ip', '-o', 'link')).stdout).not.toContain(`room${rooms}`);
		expect((await engine.inside('nft', 'list', 'tables')).stdout).not.toContain(`room${rooms}`);
		await other.stop();
		expect(server.port).toBeGreaterThan(0);
	});

	test('what a crash left is no obstacle: socket, pidfile', async () => {
		const { root, host, args } = room();
		const first = await serve(...args, '-H', host);
		process.kill(first.pid, 'SIGKILL');
		await first.stop();
		expect(existsSync(`${root}/sock`)).toBe(true);
		expect(readFileSync(`${root}/pid`, 'utf8')).toBe(String(first.pid));
		const second = await serve(...args, '-H', host);
		expect((await second.docker('-H', host, 'ps', '-q')).code).toBe(0);
		expect(readFileSync(`${root}/pid`, 'utf8')).toBe(String(second.pid));
		await second.stop();
		writeFileSync(`${root}/sock`, 'a file of somebody');
		expect(await refused(...args, '-H', host)).toBe(`${root}/sock exists and is not a socket`);
		// The number of a process that is no daemon of ours.
		writeFileSync(`${root}/pid`, '1');
		await (await serve(...args, '-H', `${host}2`)).stop();
	});

	test('two daemons side by side in one network namespace', async () => {
		const { host, args } = room();
		const other = await serve(...args, '-H', host);
		const docker = (...words: string[]) => other.docker('-H', host, ...words);
		await docker('load', '-q', '-i', `${engine.work}/busybox.tar`);
		const web = ['sh', '-c', 'echo "page of $(hostname)" >/tmp/index.html; exec httpd -f -p 80 -h /tmp'];
		await engine.ok('run', '-d', '--name', 'same', '--hostname', 'one', '-p', '8080:80', busybox, ...web);
		const second = await docker('run', '-d', '--name', 'same', '--hostname', 'two', '-p', '8081:80', busybox, ...web);
		expect(second.code).toBe(0);
		const taken = await docker('run', '--rm', '-p', '8080:80', busybox, 'true');
		expect([taken.code, taken.stderr]).toEqual([125, expect.stringContaining('address already in use')]);
		const fetch = async (port: number) =>
			(
				await engine.inside(
					'curl',
					'-sS',
					'--noproxy',
					'*',
					'--retry',
					'20',
					'--retry-all-errors',
					'--retry-delay',
					'0',
					`http://127.0.0.1:${port}/`,
				)
			).stdout;
		expect([await fetch(8080), await fetch(8081)]).toEqual(['page of one\n', 'page of two\n']);
		await docker('rm', '-f', 'same');
		await other.stop();
		expect(await fetch(8080)).toBe('page of one\n');
		await engine.ok('rm', '-f', 'same');
		expect(await engine.leftovers()).toEqual([]);
	});
});

/** A CA with a server for 127.0.0.1 and a client, and a client of nobody, as PEM files. */
function makeCertificates(folder: string): void {
	const openssl = (...args: string[]) => runSync('openssl', ...args);
	const path = (name: string) => `${folder}/${name}`;
	const key = (name: string) => [
		'-newkey',
		'ec',
		'-pkeyopt',
		'ec_paramgen_curve:P-256',
		'-nodes',
		'-keyout',
		path(`${name}-key.pem`),
	];
	const selfSigned = (name: string) =>
		openssl('req', '-x509', ...key(name), '-out', path(`${name}.pem`), '-days', '2', '-subj', `/CN=${name}`);
	selfSigned('ca');
	selfSigned('stranger');
	writeFileSync(path('server.ext'), 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n');
	writeFileSync(path('client.ext'), 'extendedKeyUsage=clientAuth\n');
	for (const name of ['server', 'client']) {
		openssl('req', '-new', ...key(name), '-out', path(`${name}.csr`), '-subj', `/CN=${name}`);
		const authority = ['-CA', path('ca.pem'), '-CAkey', path('ca-key.pem'), '-CAcreateserial'];
		openssl(
			'x509',
			'-req',
			'-in',
			path(`${name}.csr`),
			...authority,
			'-out',
			path(`${name}.pem`),
			'-days',
			'2',
			'-extfile',
			path(`${name}.ext`),
		);
	}
}
