import { afterAll, beforeAll, expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { busybox, engineKind, startEngine, type TestEngine, within } from '../support/daemon.ts';
import { unpackAll } from '../support/fluentd-events.ts';

let engine: TestEngine;
beforeAll(async () => {
	engine = await startEngine();
	await engine.loadBusybox();
});
afterAll(() => engine.close());

const patience = 20_000;

/** A collector in the daemon's network namespace; what it received so far, and its end. */
interface Sink extends AsyncDisposable {
	/** Resolves with all pieces once `enough` says so. */
	received(enough: (pieces: readonly Buffer[]) => boolean): Promise<readonly Buffer[]>;
	end(): Promise<void>;
}

async function sink(address: string, mode = ''): Promise<Sink> {
	const script = join(import.meta.dir, '../support/log-sink.ts');
	const { argv, env } = engine.command(process.execPath, script, address, mode);
	const child = Bun.spawn([...argv], { env: env ?? {}, stdout: 'pipe' });
	const pieces: Buffer[] = [];
	let wake = (): void => undefined;
	const ready = Promise.withResolvers<void>();
	const reading = (async () => {
		let rest = '';
		const decoder = new TextDecoder();
		for await (const chunk of child.stdout) {
			const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
			rest = lines.pop() ?? '';
			for (const line of lines) {
				if (line === 'ready') ready.resolve();
				else pieces.push(Buffer.from(line, 'base64'));
			}
			wake();
		}
	})();
	const end = async () => {
		child.kill('SIGKILL');
		await child.exited;
		await reading;
	};
	await within(patience, ready.promise, () => 'the sink does not listen');
	return {
		async received(enough) {
			const all = (async () => {
				while (!enough(pieces)) {
					await new Promise<void>((resolve) => {
						wake = resolve;
					});
				}
			})();
			await within(patience, all, () => `not enough came: ${Buffer.concat(pieces).toString('latin1').slice(-2000)}`);
			return pieces;
		},
		end,
		[Symbol.asyncDispose]: end,
	};
}

const textOf = (pieces: readonly Buffer[]): string => Buffer.concat(pieces).toString();
const linesOf = (pieces: readonly Buffer[]): string[] => textOf(pieces).split('\n').slice(0, -1);

async function finished(name: string, script: string, ...flags: string[]): Promise<void> {
	await engine.ok('run', '-d', '--name', name, ...flags, busybox, 'sh', '-c', script);
	await engine.ok('wait', name);
}
const opts = (...pairs: string[]): string[] => pairs.flatMap((pair) => ['--log-opt', pair]);

test('local: everything that logs can do', async () => {
	await finished('local', 'echo a; echo b >&2; printf "no end"', '--log-driver', 'local');
	expect(await engine.docker('logs', 'local')).toEqual({ code: 0, stdout: 'a\nno end', stderr: 'b\n' });
	expect((await engine.docker('logs', '--tail', '1', 'local')).stdout).toBe('no end');
	expect(await engine.ok('inspect', '-f', '{{.LogPath}}|{{json .HostConfig.LogConfig}}', 'local')).toBe(
		'|{"Type":"local","Config":{}}',
	);
	await finished('local-long', 'head -c 100000 /dev/zero | tr "\\0" x; echo; echo after', '--log-driver', 'local');
	expect((await engine.docker('logs', 'local-long')).stdout).toBe(`${'x'.repeat(100_000)}\nafter\n`);
	await engine.ok(
		'run',
		'-d',
		'--name',
		'local-f',
		'--log-driver',
		'local',
		busybox,
		'sh',
		'-c',
		'echo a; sleep 0.5; echo b',
	);
	expect(await engine.ok('logs', '-f', 'local-f')).toBe('a\nb');
	await finished('local-t', 'echo one; sleep 0.3; echo two', '--log-driver', 'local');
	const [first = '', second = ''] = (await engine.ok('logs', '-t', 'local-t'))
		.split('\n')
		.map((line) => line.split(' ')[0] ?? '');
	expect(await engine.ok('logs', '--since', second, 'local-t')).toBe('two');
	expect(await engine.ok('logs', '--until', first, 'local-t')).toBe('one');
});

test('local: rotation, followed, and read through compressed files', async () => {
	const flags = ['--log-driver', 'local', ...opts('max-size=200k', 'max-file=4')];
	const script =
		'read go; i=0; while [ $i -lt 9000 ]; do echo "line number $i of many lines that fill"; i=$((i+1)); done';
	await engine.ok('run', '-d', '-i', '--name', 'turning', ...flags, busybox, 'sh', '-c', script);
	const following = engine.ok('logs', '-f', 'turning');
	await engine.dockerWith({ stdin: 'go\n' }, 'attach', 'turning');
	await engine.ok('wait', 'turning');
	const lines = (await engine.ok('logs', 'turning')).split('\n');
	expect(lines.at(-1)).toBe('line number 8999 of many lines that fill');
	expect((await engine.ok('logs', '--tail', '5000', 'turning')).split('\n')).toEqual(lines.slice(-5000));
	expect((await following).split('\n').at(-1)).toBe('line number 8999 of many lines that fill');
});

const formats: readonly (readonly [string, RegExp])[] = [
	['', /^<30>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d web\[\d+\]: out$/],
	['rfc3164', /^<30>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S+ web\[\d+\]: out$/],
	['rfc5424', /^<30>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d) \S+ web \d+ web - out$/],
	['rfc5424micro', /^<30>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(?:Z|[+-]\d\d:\d\d) \S+ web \d+ web - out$/],
];
test.each(formats)('syslog over tcp, format %p', async (format, first) => {
	await using collector = await sink('tcp:5140');
	const flags = opts(
		'syslog-address=tcp://127.0.0.1:5140',
		'tag=web',
		...(format === '' ? [] : [`syslog-format=${format}`]),
	);
	const name = `syslog-${format || 'plain'}`;
	await finished(name, 'echo out; echo; echo err >&2', '--log-driver', 'syslog', ...flags);
	const lines = linesOf(await collector.received((pieces) => linesOf(pieces).length >= 2));
	expect(lines.find((line) => line.endsWith('out'))).toMatch(first);
	expect(lines.find((line) => line.endsWith('err'))).toStartWith('<27>');
	// The log can be read here as well, from its copy.
	expect(await engine.docker('logs', name)).toEqual({ code: 0, stdout: 'out\n\n', stderr: 'err\n' });
});

test('syslog over udp and unix, with another facility and a tag of a template', async () => {
	await using udp = await sink('udp:5141');
	const tag = 'tag={{.ImageName}}/{{.Name}}/{{.ID}}';
	await finished(
		'syslog-udp',
		'echo x',
		'--log-driver',
		'syslog',
		...opts('syslog-address=udp://127.0.0.1:5141', 'syslog-facility=local3', tag),
	);
	const id = await engine.ok('inspect', '-f', '{{.Id}}', 'syslog-udp');
	const [datagram] = await udp.received((pieces) => pieces.length >= 1);
	expect(datagram?.toString()).toMatch(/^<158>/);
	expect(datagram?.toString()).toContain(` ${busybox}/syslog-udp/${id.slice(0, 12)}[`);
	await using unix = await sink(`unix:${engine.work}/syslog.sock`);
	await finished(
		'syslog-unix',
		'echo y',
		'--log-driver',
		'syslog',
		...opts(`syslog-address=unix://${engine.work}/syslog.sock`),
	);
	expect(textOf(await unix.received((pieces) => textOf(pieces).endsWith('\n')))).toEndWith(']: y\n');
});

test('fluentd: records with attributes, parts of long lines, acknowledgements', async () => {
	await using collector = await sink('tcp:24224', 'ack');
	const flags = opts(
		'tag=app',
		'env=FOO',
		'labels=tier',
		'fluentd-request-ack=true',
		'fluentd-sub-second-precision=true',
	);
	await finished(
		'fluent',
		'echo hi; echo no >&2',
		'--log-driver',
		'fluentd',
		'-e',
		'FOO=bar',
		'--label',
		'tier=web',
		...flags,
	);
	const pieces = await collector.received((all) => unpackAll(Buffer.concat(all)).length >= 2);
	const events = unpackAll(Buffer.concat(pieces)) as [string, number, Record<string, string>, unknown][];
	const id = await engine.ok('inspect', '-f', '{{.Id}}', 'fluent');
	expect(
		events
			.map(([tag, , record]): Record<string, string> => ({ tag, ...record }))
			.sort((a, b) => (a.log ?? '').localeCompare(b.log ?? '')),
	).toEqual([
		{ tag: 'app', FOO: 'bar', tier: 'web', container_id: id, container_name: '/fluent', source: 'stdout', log: 'hi' },
		{ tag: 'app', FOO: 'bar', tier: 'web', container_id: id, container_name: '/fluent', source: 'stderr', log: 'no' },
	]);
	expect(Math.abs((events[0]?.[1] ?? 0) - Date.now() / 1000)).toBeLessThan(60);
});

test('gelf over udp and tcp', async () => {
	await using udp = await sink('udp:12201');
	await finished('gelf', 'echo hi', '--log-driver', 'gelf', ...opts('gelf-address=udp://127.0.0.1:12201', 'tag=app'));
	const [datagram = Buffer.alloc(0)] = await udp.received((pieces) => pieces.length >= 1);
	const message = JSON.parse(gunzipSync(datagram).toString());
	expect(message).toMatchObject({
		version: '1.1',
		short_message: 'hi',
		level: 6,
		_container_name: 'gelf',
		_tag: 'app',
		_image_name: busybox,
		_command: 'sh -c echo hi',
	});
	await using tcp = await sink('tcp:12202');
	await finished('gelf-tcp', 'echo hi >&2', '--log-driver', 'gelf', ...opts('gelf-address=tcp://127.0.0.1:12202'));
	const bytes = Buffer.concat(await tcp.received((pieces) => pieces.length > 0 && Buffer.concat(pieces).at(-1) === 0));
	expect(JSON.parse(bytes.subarray(0, -1).toString())).toMatchObject({ short_message: 'hi', level: 3 });
});

test.each([
	['syslog', ['syslog-address=tcp://127.0.0.1:1'], 'dial tcp 127.0.0.1:1: connect: connection refused'],
	['fluentd', ['fluentd-address=127.0.0.1:1'], 'dial tcp 127.0.0.1:1: connect: connection refused'],
	['gelf', ['gelf-address=tcp://127.0.0.1:1'], 'dial tcp 127.0.0.1:1: connect: connection refused'],
])('%s: a sink that is down stops the start', async (driver, options, message) => {
	const result = await engine.docker(
		'run',
		'--name',
		`down-${driver}`,
		'--log-driver',
		driver,
		...opts(...options),
		busybox,
		'true',
	);
	expect(result.code).toBe(125);
	expect(result.stderr).toContain('failed to initialize logging driver: ');
	expect(result.stderr).toContain(message);
});

test('fluentd-async starts without a server, and what waited comes when there is one', async () => {
	const flags = opts('fluentd-address=127.0.0.1:24230', 'fluentd-async=true', 'fluentd-retry-wait=100ms', 'tag=late');
	const script = 'echo early; read go; echo bye';
	await engine.ok(
		'run',
		'-d',
		'-i',
		'--name',
		'late',
		'--log-driver',
		'fluentd',
		...flags,
		busybox,
		'sh',
		'-c',
		script,
	);
	expect(await engine.lines(1, 'logs', '-f', 'late')).toEqual(['early']);
	await using collector = await sink('tcp:24230');
	const [piece = Buffer.alloc(0)] = await collector.received((pieces) => pieces.length > 0);
	expect(JSON.stringify(unpackAll(piece)[0])).toContain('"log":"early"');
	await engine.ok('kill', 'late');
});

test('a sink that goes stops no container, and has what comes after its return', async () => {
	const first = await sink('tcp:5150');
	const script = 'echo one; while read line && [ "$line" != end ]; do echo "$line"; done';
	const flags = opts('syslog-address=tcp://127.0.0.1:5150');
	await engine.ok(
		'run',
		'-d',
		'-i',
		'--name',
		'broken',
		'--log-driver',
		'syslog',
		...flags,
		busybox,
		'sh',
		'-c',
		script,
	);
	await first.received((pieces) => textOf(pieces).includes(': one\n'));
	await first.end();
	const client = engine.command('docker', 'attach', 'broken');
	const input = Bun.spawn([...client.argv], { env: client.env ?? {}, stdin: 'pipe', stdout: 'pipe' });
	const echoed = input.stdout.getReader();
	input.stdin.write('two\n');
	await input.stdin.flush();
	expect(Buffer.from((await echoed.read()).value ?? []).toString()).toContain('two');
	await using second = await sink('tcp:5150');
	input.stdin.write('three\n');
	await input.stdin.flush();
	await second.received((pieces) => textOf(pieces).includes(': three\n'));
	input.stdin.write('end\n');
	await input.stdin.end();
	await engine.ok('wait', 'broken');
	await input.exited;
});

test('mode=non-blocking: a sink that does not read holds nothing up', async () => {
	const stalled = await sink('tcp:5160', 'stall');
	const flags = opts('syslog-address=tcp://127.0.0.1:5160', 'mode=non-blocking', 'max-buffer-size=64k');
	await finished(
		'flood',
		'head -c 30000000 /dev/zero | tr "\\0" "x" | fold -w 1000; echo; echo done',
		'--log-driver',
		'syslog',
		...flags,
	);
	expect(await engine.ok('logs', '--tail', '1', 'flood')).toBe('done');
	await stalled.end();
});

test('cache-disabled: nothing to read', async () => {
	await using _ = await sink('udp:5170');
	await finished(
		'uncached',
		'echo x',
		'--log-driver',
		'syslog',
		...opts('syslog-address=udp://127.0.0.1:5170', 'cache-disabled=true'),
	);
	const result = await engine.docker('logs', 'uncached');
	expect(result.code).toBe(1);
	expect(result.stderr).toContain('configured logging driver does not support reading');
});

test('journald where there is none', async () => {
	if (existsSync('/run/systemd/journal/socket')) return;
	const result = await engine.docker('run', '--log-driver', 'journald', busybox, 'true');
	expect(result.stderr).toContain('failed to initialize logging driver: journald is not enabled on this host');
});

test.each([
	[
		'tag={{.Foo}}',
		'template: log-tag:1:2: executing "log-tag" at <.Foo>: can\'t evaluate field Foo in type *logger.Info',
	],
	['mode=odd', 'logger: logging mode not supported: odd'],
	['max-size=abc', "invalid size: 'abc'"],
])('--log-opt %s is refused', async (option, message) => {
	const result = await engine.docker('run', '--log-opt', option, busybox, 'true');
	expect(result.code).toBe(125);
	expect(result.stderr).toContain(message);
});

test.skipIf(engineKind === 'dockerd')('the daemon’s defaults', async () => {
	await using other = await startEngine({ args: ['--log-driver', 'local', '--log-opt', 'max-size=300k'] });
	await other.loadBusybox();
	expect(await other.ok('info', '-f', '{{.LoggingDriver}}')).toBe('local');
	await other.ok('create', '--name', 'mixed', '--log-opt', 'max-file=2', busybox, 'true');
	expect(await other.ok('inspect', '-f', '{{json .HostConfig.LogConfig}}', 'mixed')).toBe(
		'{"Type":"local","Config":{"max-file":"2","max-size":"300k"}}',
	);
	await other.ok('create', '--name', 'other', '--log-driver', 'json-file', busybox, 'true');
	expect(await other.ok('inspect', '-f', '{{json .HostConfig.LogConfig}}', 'other')).toBe(
		'{"Type":"json-file","Config":{}}',
	);
});
