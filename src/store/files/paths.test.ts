import { afterEach, beforeEach, expect, test } from 'bun:test';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { find, follow, splitPath } from './paths.ts';

let folder: string;
let root: number;
beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), 'files-paths-'));
	mkdirSync(join(folder, 'tree'));
	writeFileSync(join(folder, 'tree/file'), 'abc');
	symlinkSync('/tree', join(folder, 'absolute'));
	symlinkSync('../../../tree', join(folder, 'climbing'));
	symlinkSync('loop', join(folder, 'loop'));
	root = openSync(folder, 'r');
});
afterEach(() => {
	closeSync(root);
	rmSync(folder, { recursive: true });
});

function named(path: string): { name: string; path: string } | null {
	const found = find(root, path);
	if (found === null) return null;
	closeSync(found.fd);
	return { name: found.name, path: found.path };
}

test('dots never lead above the root', () => {
	expect(splitPath('/../../a/./b//../c')).toEqual(['a', 'c']);
	expect(named('/../../tree/file')).toEqual({ name: 'file', path: '/tree/file' });
});

test('links are resolved inside the root', () => {
	expect(named('/absolute/file')).toEqual({ name: 'file', path: '/absolute/file' });
	expect(named('/climbing/file')).toEqual({ name: 'file', path: '/climbing/file' });
	expect(follow(root, '/climbing/file')).toBe('/tree/file');
	expect(follow(root, '/absolute/none/x')).toBe('/tree/none/x');
	expect(() => follow(root, '/loop')).toThrow('too many levels of symbolic links');
});

test('what a path names', () => {
	expect(named('/')).toEqual({ name: '/', path: '/' });
	expect(named('/tree/.')).toEqual({ name: '.', path: '/tree' });
	expect(named('/none')).toBeNull();
	expect(() => named('/tree/file/')).toThrow('lstat /tree/file/: not a directory');
	expect(() => named('/loop/x')).toThrow('too many levels of symbolic links');
});
