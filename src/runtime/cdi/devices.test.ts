import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolveCdiDevices } from './devices.ts';

const made: string[] = [];
afterAll(() => {
	for (const folder of made) rmSync(folder, { recursive: true });
});

function directory(files: Readonly<Record<string, string>>): string {
	const folder = mkdtempSync(join(tmpdir(), 'gantry-cdi-'));
	made.push(folder);
	for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
	return folder;
}

const spec = (value: string) =>
	JSON.stringify({
		cdiVersion: '0.6.0',
		kind: 'example.com/thing',
		containerEdits: { env: ['ALL=1'] },
		devices: [
			{ name: 'a', containerEdits: { env: [`WHICH=${value}`] } },
			{ name: 'b', containerEdits: { env: ['B=1'] } },
		],
	});
const envOf = (directories: string[], ...names: string[]) =>
	resolveCdiDevices(directories, names).flatMap(({ env }) => env);

test('edits of the file once, then of the devices', () => {
	const folder = directory({ 'x.json': spec('first') });
	expect(envOf([folder], 'example.com/thing=a', 'example.com/thing=b')).toEqual(['ALL=1', 'WHICH=first', 'B=1']);
	expect(envOf([folder])).toEqual([]);
});

test('the later directory wins; YAML', () => {
	const yaml = `cdiVersion: "0.6.0"
kind: example.com/thing
devices:
  - name: a
    containerEdits:
      deviceNodes:
        - path: /dev/inside
          hostPath: /dev/null
          permissions: r
      mounts:
        - hostPath: /etc
          containerPath: /host
          options: [ro, rbind]
      hooks:
        - hookName: createContainer
          path: /bin/true
          args: [true]
`.replace('args: [true]', 'args: ["true", "x"]');
	const [edits] = resolveCdiDevices(
		[directory({ 'x.json': spec('first') }), directory({ 'y.yaml': yaml })],
		['example.com/thing=a'],
	).slice(1);
	expect(edits?.deviceNodes).toMatchObject([{ path: '/dev/inside', hostPath: '/dev/null', permissions: 'r' }]);
	expect(edits?.mounts).toEqual([{ hostPath: '/etc', containerPath: '/host', options: ['ro', 'rbind'] }]);
	expect(edits?.hooks).toMatchObject([{ name: 'createContainer', path: '/bin/true', args: ['true', 'x'] }]);
});

test('what is not there, is there twice, or cannot be read', () => {
	expect(() => envOf(['/nonexistent'], 'a.b/c=d', 'a.b/c=e')).toThrow(
		'CDI device injection failed: unresolvable CDI devices a.b/c=d, a.b/c=e',
	);
	expect(() => envOf([directory({ '1.json': spec('x'), '2.json': spec('y') })], 'example.com/thing=a')).toThrow(
		'unresolvable CDI devices example.com/thing=a',
	);
	for (const text of ['{', '[]', '{"cdiVersion":"1","kind":"nonsense"}', spec('x').replace('"ALL=1"', '5')]) {
		expect(() => envOf([directory({ 'bad.json': text })], 'example.com/thing=a')).toThrow(/unresolvable .*bad\.json: /);
	}
});
