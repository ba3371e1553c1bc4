import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { busybox, engineKind, gantryProgram, startEngine, type TestEngine } from '../support/daemon.ts';
import { type RunResult, run } from '../support/run.ts';

let engine: TestEngine;
beforeAll(async () => {
	engine = await startEngine();
	await engine.loadBusybox();
	await engine.ok(
		'volume',
		'create',
		'--label',
		'a=b',
		'--label',
		'c',
		'-o',
		'type=tmpfs',
		'-o',
		'device=tmpfs',
		'aa2',
	);
	await engine.ok('volume', 'create', 'aa10');
	await engine.ok('create', '--name', 'user', '-v', 'aa10:/x', busybox);
});
afterAll(() => engine.close());

/** What a client printed, with its own name taken for docker's. */
const shown = ({ code, stdout, stderr }: RunResult) => ({
	code,
	// Docker's client prints labels in any order.
	stdout: stdout.replaceAll('gantry', 'docker').replaceAll('c=,a=b', 'a=b,c='),
	// Docker's client has a letter too many there.
	stderr: stderr.replaceAll('gantry', 'docker').replace('SRun', 'Run'),
});

/** Runs the same with Docker's client and with ours. */
async function both(words: readonly string[], input = ''): Promise<[RunResult, RunResult]> {
	const by = async (client: string) => {
		const { argv, env } = engine.command(client, ...words);
		return run({ argv, ...(env === undefined ? {} : { env }) }, { stdin: input });
	};
	return [await by('docker'), await by(gantryProgram)];
}

describe.if(engineKind === 'gantry')('the same as Docker’s client', () => {
	test.each([
		[['ls']],
		[['ls', '-q']],
		[['list', '--format', 'json']],
		[['ls', '--format', 'raw']],
		[['ls', '-q', '--format', 'x{{.Name}}']],
		[
			[
				'ls',
				'--format',
				'table {{.Name}}\t{{.Mountpoint}}\t{{.Links}}\t{{.Size}}\t{{.Labels}}\t{{.Status}}\t{{.Scope}}',
			],
		],
		[['ls', '--format', '{{.Label "a"}}|{{.Labels}}|{{.Availability}}|{{.Group}}']],
		[['ls', '--format', '{{.Foo}}']],
		[['ls', '--filter', 'x']],
		[['ls', '--filter', 'dangling=true']],
		[['ls', '--filter', 'bogus=1']],
		[['ls', 'extra']],
		[['ls', '--cluster']],
		[['ls', '--cluster', '-q']],
		[['inspect', 'aa2', 'aa10']],
		[['inspect', 'nosuch', 'aa2']],
		[['inspect', '-f', '{{.Name}} {{.Options.type}}', 'aa2', 'nosuch']],
		[['inspect']],
		[['update', 'aa2']],
		[['update', 'nosuch']],
		[['update', '--availability', 'pause', 'aa2']],
		[['create', 'aa2']],
		[['create', '--group', 'g', 'bb']],
		[['create', '--type', 'mount', 'bb']],
		[['create', '-o', 'foo=b', 'bb']],
		[['create', '-d', 'nope', 'bb']],
		[['create', 'a', 'b']],
		[['create', '--name', 'a', 'b']],
		[['create', '--limit-bytes', 'zz', 'bb']],
		[['create', '--label', '=x', 'bb']],
		[['rm', 'nosuch', 'aa10']],
		[['remove', '-f', 'nosuch']],
		[['rm']],
		[['prune', '--filter', 'foo=1', '-f']],
		[['prune', '--filter', 'label=nope', '-f']],
		[['prune', '-a', '--filter', 'all=1', '-f']],
		[['prune', 'extra']],
	])('volume %p', async (words) => {
		const [theirs, ours] = await both(['volume', ...words]);
		expect(shown(ours)).toEqual(shown(theirs));
	});

	test.each([
		[['prune'], ''],
		[['prune'], 'n\n'],
		[['prune', '-a'], 'no\n'],
		[['prune', '--filter', 'label=nope'], 'y\n'],
	])('volume %p answered with %p', async (words, input) => {
		const [theirs, ours] = await both(['volume', ...words], input);
		expect(shown(ours)).toEqual(shown(theirs));
	});

	test.each([
		[['--mount', 'type=bind,src=/usr']],
		[['--mount', 'type=bind,dst=/x']],
		[['--mount', 'type=bind,src=/nope-xyz,dst=/x']],
		[['--mount', 'type=bind,src=/usr,dst=/x,volume-nocopy']],
		[['--mount', 'type=bind,src=/usr,dst=/x,bind-recursive=readonly']],
		[['--mount', 'type=bind,src=/usr,dst=/x,bind-recursive=sometimes']],
		[['--mount', 'type=volume,dst=/x,tmpfs-size=1m']],
		[['--mount', 'type=volume,src=aa10,dst=/x,volume-subpath=../y']],
		[['--mount', 'type=tmpfs,dst=/x,tmpfs-mode=9']],
		[['--mount', 'type=npipe,src=a,dst=/x']],
		[['--mount', 'type=image,src=nosuch,dst=/x']],
		[['--mount', 'src=a,dst=/x,foo=bar']],
		[['--mount', 'readonly=maybe,dst=/x']],
		[['--mount', 'dst']],
		[['-v', '/a:/b:c:d']],
		[['-v', '/usr:/x:zz']],
		[['-v', ':/x']],
		[['-v', '/a::/b']],
		[['-v', '/a:/b:']],
		[['-v', '/a:/b:ro:']],
		[['-v', '']],
		[['-v', '/usr:relative']],
		[['--volumes-from', 'nosuch']],
		[['--volumes-from', 'user:rx']],
		[['--tmpfs', '/x:bogus']],
		[['--tmpfs', 'relative']],
	])('create %p', async (words) => {
		const [theirs, ours] = await both(['create', ...words, busybox]);
		expect(shown(ours)).toEqual(shown(theirs));
		expect(theirs.code).not.toBe(0);
	});
});

test('gantry makes, removes and prunes volumes', async () => {
	const ok = async (...words: string[]) => {
		const { code, stdout, stderr } = await engine.gantry('volume', ...words);
		expect([code, stderr]).toEqual([0, '']);
		return stdout;
	};
	expect(await ok('create', '--label', 'x=y', 'made')).toBe('made\n');
	const anonymous = (await ok('create')).trim();
	expect(anonymous).toMatch(/^[0-9a-f]{64}$/);
	expect(await ok('rm', 'made')).toBe('made\n');
	if (engineKind === 'gantry') {
		expect(await ok('prune', '-f')).toBe(`Deleted Volumes:\n${anonymous}\n\nTotal reclaimed space: 0B\n`);
	} else await ok('rm', anonymous);
	expect(await ok('ls', '-q', '-f', 'dangling=true')).toBe('aa2\n');
});
