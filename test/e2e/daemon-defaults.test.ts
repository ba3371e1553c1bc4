import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { busybox, engineKind, gantryProgram, startEngine, type TestEngine } from '../support/daemon.ts';
import { run } from '../support/run.ts';

/** What the daemon says for containers that do not say themselves. */

const folder = mkdtempSync(join(tmpdir(), 'gantry-defaults-'));
const profile = join(folder, 'seccomp.json');
const file = join(folder, 'daemon.json');
const asked = {
	'default-ulimits': { nofile: { Name: 'nofile', Soft: 111, Hard: 222 } },
	'default-ipc-mode': 'shareable',
	'no-new-privileges': true,
	'seccomp-profile': profile,
	dns: ['192.0.2.7'],
	'dns-opts': ['ndots:3'],
	'dns-search': ['corp.test'],
};
const config = { ...asked, ...(engineKind === 'gantry' ? { 'host-gateway-ips': ['192.0.2.9'] } : {}) };
let engine: TestEngine;
beforeAll(async () => {
	const denied = { names: ['chmod', 'fchmodat', 'fchmodat2'], action: 'SCMP_ACT_ERRNO' };
	writeFileSync(profile, JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [denied] }));
	writeFileSync(file, JSON.stringify(config));
	engine = await startEngine({ args: ['--config-file', file] });
	await engine.loadBusybox();
});
afterAll(async () => {
	await engine.close();
	rmSync(folder, { recursive: true });
});

/** dockerd 20.10 writes the default ulimits into the container's record at its start; later ones leave that alone. */
const notOld = (shown: string) => (engineKind === 'gantry' ? shown : '.*');
/** What is asked for, a command, what it prints; and the field that inspect shows as the container asked for it. */
const rows: [string[], string, string, string, string][] = [
	[[], 'ulimit -Sn; ulimit -Hn', '111\n222', '.HostConfig.Ulimits', notOld('\\[\\]|null')],
	[['--ulimit', 'nofile=50:60'], 'ulimit -Sn; ulimit -Hn', '50\n60', '(index .HostConfig.Ulimits 0).Soft', '50'],
	[['--ulimit', 'core=0'], 'ulimit -Sn; ulimit -c', '111\n0', '(len .HostConfig.Ulimits)', notOld('1')],
	[[], 'true', '', '.HostConfig.IpcMode', '"shareable"'],
	[['--ipc', 'private'], 'true', '', '.HostConfig.IpcMode', '"private"'],
	[[], 'grep NoNewPrivs /proc/self/status', 'NoNewPrivs:\t1', '.HostConfig.SecurityOpt', 'null'],
	[
		['--security-opt', 'no-new-privileges=false'],
		'grep NoNewPrivs /proc/self/status',
		'NoNewPrivs:\t0',
		'.HostConfig.SecurityOpt',
		'\\["no-new-privileges=false"\\]',
	],
	[
		[],
		'chmod 700 /etc 2>&1 || echo denied',
		'chmod: /etc: Operation not permitted\ndenied',
		'.HostConfig.SecurityOpt',
		'null',
	],
	[
		['--security-opt', 'seccomp=unconfined'],
		'chmod 700 /etc && echo done',
		'done',
		'.HostConfig.SecurityOpt',
		'\\["seccomp=unconfined"\\]',
	],
	[['--privileged'], 'chmod 700 /etc && echo done', 'done', '.HostConfig.SecurityOpt', '.*'],
	[
		[],
		'sort /etc/resolv.conf | grep -v "^#"',
		'nameserver 192.0.2.7\noptions ndots:3\nsearch corp.test',
		'.HostConfig.Dns',
		'\\[\\]|null',
	],
	[
		['--dns', '192.0.2.8', '--dns-search', 'own.test', '--dns-option', 'ndots:5'],
		'sort /etc/resolv.conf | grep -v "^#"',
		'nameserver 192.0.2.8\noptions ndots:5\nsearch own.test',
		'.HostConfig.Dns',
		'\\["192.0.2.8"\\]',
	],
];
test.each(rows)('%p: %s', async (flags, script, printed, field, shown) => {
	const id = await engine.ok('create', ...flags, busybox, 'sh', '-c', script);
	expect(await engine.ok('start', '-a', id)).toBe(printed);
	expect(await engine.ok('inspect', '-f', `{{json ${field}}}`, id)).toMatch(new RegExp(`^(${shown})$`));
});

test('who shares a network has its name servers', async () => {
	await engine.ok('run', '-d', '--name', 'owner', '--dns', '192.0.2.8', busybox, 'sleep', '600');
	const read = ['grep', 'nameserver', '/etc/resolv.conf'];
	expect(await engine.ok('run', '--network', 'container:owner', busybox, ...read)).toBe('nameserver 192.0.2.8');
	await engine.ok('rm', '-f', 'owner');
});

test('/info tells', async () => {
	const { SecurityOptions: options } = JSON.parse((await engine.api('GET', '/info')).text);
	expect(options).toContain(`name=seccomp,profile=${profile}`);
	if (engineKind === 'gantry') expect(options).toContain('name=no-new-privileges');
});

describe.if(engineKind === 'gantry')('without a reference', () => {
	test('what host-gateway stands for', async () => {
		const hosts = ['--add-host', 'up:host-gateway', '--add-host', 'other:192.0.2.1'];
		const read = ['grep', '-E', 'up|other', '/etc/hosts'];
		for (const network of ['bridge', 'host']) {
			const text = await engine.ok('run', '--rm', '--network', network, ...hosts, busybox, ...read);
			expect(text).toContain('192.0.2.9\tup\n192.0.2.1\tother');
		}
	});

	const wrong: [string[], RegExp][] = [
		[['--default-ulimit', 'nofiles=1'], /invalid ulimit type: nofiles/],
		[['--default-ulimit', 'nofile=2:1'], /soft limit must be less than or equal to hard limit: 2 > 1/],
		[['--default-ulimit', 'nofile'], /invalid ulimit argument: nofile/],
		[['--default-ipc-mode', 'host'], /IPC mode "host" is not supported as default value/],
		[['--default-ipc-mode', 'odd'], /default IPC mode setting \(odd\) is invalid/],
		[['--seccomp-profile', '/nowhere'], /opening seccomp profile \(\/nowhere\) failed: ENOENT/],
		[['--seccomp-profile', '/etc/hostname'], /opening seccomp profile \(\/etc\/hostname\) failed/],
		[['--dns', 'one.test'], /one\.test is not an ip address/],
		[['--dns-search', 'a b'], /a b is not a valid domain/],
		[['--dns-opt', 'a\nnameserver 1.2.3.4'], /invalid DNS option/],
		[['--host-gateway-ip', 'gate'], /gate is not an ip address/],
		[['--host-gateway-ip', '1.2.3.4', '--host-gateway-ip', '1.2.3.5'], /only one IPv4 host gateway/],
	];
	test.each(wrong)('refuses %p', async (flags, pattern) => {
		const { code, stderr } = await run({ argv: [gantryProgram, 'daemon', '--validate', ...flags] });
		expect(code).toBe(1);
		expect(stderr).toMatch(pattern);
	});

	test.each([[[]], [{ nofile: 5 }], [{ nofile: { Name: 'core', Soft: 1, Hard: 1 } }], [{ nofile: { Soft: '1' } }]])(
		'refuses default-ulimits %p',
		async (value) => {
			const path = join(folder, 'wrong.json');
			writeFileSync(path, JSON.stringify({ 'default-ulimits': value }));
			const { code, stderr } = await run({
				argv: [gantryProgram, 'daemon', '--validate', '--config-file', path],
			});
			expect(code).toBe(1);
			expect(stderr).toContain('default-ulimits must be an object of');
		},
	);
});
