import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { destinationInfo, planCopy, rebased, replaceBase, sourceInfo, splitArgument, splitEntry } from './paths.ts';

let folder: string;
beforeEach(() => {
	folder = realpathSync(mkdtempSync(join(tmpdir(), 'copy-paths-')));
	mkdirSync(join(folder, 'tree'));
	writeFileSync(join(folder, 'file'), 'x');
	symlinkSync('tree', join(folder, 'link'));
	symlinkSync('loop', join(folder, 'loop'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test.each([
	['box:/a:b', 'box', '/a:b'],
	['/a:b', '', '/a:b'],
	['./box:a', '', './box:a'],
	['plain', '', 'plain'],
	['box:', 'box', ''],
])('the argument %p', (argument, container, path) => {
	expect(splitArgument(argument)).toEqual({ container, path });
});

test.each([
	['/a/b', '/a', 'b'],
	['/a/b/', '/a', 'b'],
	['/a/b/.', '/a/b', '.'],
	['/', '/', '/'],
])('the entry %p', (path, directory, name) => {
	expect(splitEntry(path)).toEqual([directory, name]);
});

test('a resolved path keeps what the given one ends in, and its name', () => {
	expect(rebased('/link/', '/tree')).toEqual({ path: '/tree/', rebase: 'link' });
	expect(rebased('/link/.', '/tree')).toEqual({ path: '/tree/.', rebase: '' });
	expect(rebased('/tree', '/tree')).toEqual({ path: '/tree', rebase: '' });
});

test('only whole names are replaced', () => {
	expect(replaceBase('old/x', 'old', 'new')).toBe('new/x');
	expect(replaceBase('older/x', 'old', 'new')).toBe('older/x');
});

test('a link as the source is itself, unless it is followed or meant as a directory', () => {
	const link = join(folder, 'link');
	expect(sourceInfo(link, false)).toEqual({ path: link, exists: true, isDirectory: false, rebase: '' });
	expect(sourceInfo(link, true)).toEqual({
		path: join(folder, 'tree'),
		exists: true,
		isDirectory: true,
		rebase: 'link',
	});
	expect(sourceInfo(`${link}/`, false).isDirectory).toBe(true);
	expect(() => sourceInfo(join(folder, 'none'), false)).toThrow('no such file or directory');
});

test('links are followed for the destination, though not for ever', () => {
	expect(destinationInfo(join(folder, 'link')).path).toBe(join(folder, 'tree'));
	expect(() => destinationInfo(join(folder, 'loop'))).toThrow('too many symbolic links');
	expect(() => destinationInfo(join(folder, 'file', 'x'))).toThrow('not a directory');
});

test('where a copy goes', () => {
	const file = { path: '/from/a', exists: true, isDirectory: false, rebase: '' };
	const tree = { ...file, isDirectory: true };
	const nothing = { path: '/to/b', exists: false, isDirectory: false, rebase: '' };
	const renamed = planCopy(tree, nothing);
	expect([renamed.directory, renamed.rename('a/x')]).toEqual(['/to', 'b/x']);
	const inside = planCopy(file, { ...nothing, exists: true, isDirectory: true });
	expect([inside.directory, inside.rename('a')]).toEqual(['/to/b', 'a']);
	expect(() => planCopy(tree, { ...nothing, exists: true })).toThrow('cannot copy directory');
	expect(() => planCopy(file, { ...nothing, path: '/to/b/' })).toThrow('no such directory');
});
