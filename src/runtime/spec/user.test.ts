import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolveUser } from './user.ts';

let rootfs = '';
beforeAll(() => {
	rootfs = mkdtempSync(join(tmpdir(), 'gantry-user-'));
	mkdirSync(join(rootfs, 'etc'));
	writeFileSync(
		join(rootfs, 'etc/passwd'),
		'root:x:0:0:root:/root:/bin/sh\nweb:x:33:34::/srv/web:\n# junk\n1234:x:7:8::/n:\n',
	);
	writeFileSync(join(rootfs, 'etc/group'), 'root:x:0:\nwww:x:34:\nadm:x:4:web,root\nvideo:x:44:web\n');
});
afterAll(() => rmSync(rootfs, { recursive: true, force: true }));

test('names and numbers', () => {
	expect(resolveUser(rootfs, '')).toEqual({ uid: 0, gid: 0, additionalGids: [0, 4], home: '/root' });
	expect(resolveUser(rootfs, 'web')).toEqual({ uid: 33, gid: 34, additionalGids: [34, 4, 44], home: '/srv/web' });
	expect(resolveUser(rootfs, '33')).toEqual({ uid: 33, gid: 34, additionalGids: [34, 4, 44], home: '/srv/web' });
	expect(resolveUser(rootfs, 'web:video')).toEqual({ uid: 33, gid: 44, additionalGids: [44], home: '/srv/web' });
	expect(resolveUser(rootfs, '1000:2000')).toEqual({ uid: 1000, gid: 2000, additionalGids: [2000], home: '/' });
	expect(resolveUser(rootfs, '1234')).toMatchObject({ uid: 7, gid: 8 });
	expect(resolveUser(rootfs, 'web', ['adm', '777']).additionalGids).toEqual([34, 4, 44, 777]);
});

test('what is not there', () => {
	expect(() => resolveUser(rootfs, 'foo')).toThrow('unable to find user foo: no matching entries in passwd file');
	expect(() => resolveUser(rootfs, 'web:foo')).toThrow('unable to find group foo: no matching entries in group file');
	expect(() => resolveUser(rootfs, '4294967295')).toThrow('uids and gids must be in range 0-2147483647');
	expect(() => resolveUser(rootfs, '-1')).toThrow('range');
});

test('account files cannot lead out of the root, and may be missing', () => {
	const other = mkdtempSync(join(tmpdir(), 'gantry-user-'));
	try {
		expect(resolveUser(other, '5')).toEqual({ uid: 5, gid: 0, additionalGids: [0], home: '/' });
		mkdirSync(join(other, 'etc'));
		symlinkSync(join(rootfs, 'etc/passwd'), join(other, 'etc/passwd'));
		expect(() => resolveUser(other, 'web')).toThrow('unable to find user web');
	} finally {
		rmSync(other, { recursive: true, force: true });
	}
});
