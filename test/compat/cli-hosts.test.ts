import { describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Docker's CLI and ours are given the same addresses where no daemon is, and must say the same of them. */
const docker = Bun.which('docker');
const comparable = docker !== null && / version (2[89]|[3-9]\d)/.test(run([docker, '--version'], '').said);
const main = new URL('../../src/main.ts', import.meta.url).pathname;

function run(command: readonly string[], home: string) {
	const { stdout, stderr, exitCode } = Bun.spawnSync([...command], {
		env: { PATH: process.env.PATH, HOME: home },
		stdin: 'ignore',
	});
	// Where a name was looked up is the business of the machine, and the version that of the client.
	const said = `${stdout}${stderr}`.replace(/ on [\d.[\]:a-f]+:53: /, ': ').replaceAll(/v1\.5\d/g, 'v1.5x');
	return { said, exitCode };
}

const sameWords = (text: string) =>
	text
		.replaceAll('Docker', 'Gantry')
		.replaceAll('docker daemon', 'gantry daemon')
		.replace('/var/run/docker', '/run/gantry');

const hosts: readonly string[] = [
	'',
	'unix://',
	'unix:///nonexistent/s',
	'  unix:///nonexistent/s ',
	'tcp://127.0.0.1:1',
	'tcp://[::1]:1',
	':1',
	'tcp://:1',
	'127.0.0.1:1',
	'nosuchhost.invalid',
	'tcp://nosuchhost.invalid:1/base',
	'http://x:1',
	'https://x:1',
	'ssh://',
	'ssh://:22',
	'ssh://u:p@h',
	'npipe://',
	'npipe:////./pipe/x',
	'fd://',
	'foo://bar',
];

describe.skipIf(!comparable)('addresses without a daemon', () => {
	test.each(hosts.map((host) => [host]))('-H "%s"', (host) => {
		const home = mkdtempSync(join(tmpdir(), 'cli-hosts-'));
		try {
			const expected = run([docker ?? 'docker', '-H', host, 'ps'], home);
			const actual = run([process.execPath, main, '-H', host, 'ps'], home);
			expect(actual.said).toBe(sameWords(expected.said));
			expect(actual.exitCode).toBe(expected.exitCode);
		} finally {
			rmSync(home, { recursive: true, force: true });
		}
	});
});
