import { closeSync, readSync } from 'node:fs';
import { EngineError } from '../../errors.ts';
import { AT_FDCWD, Open, openat2, Resolve } from '../../kernel/fs.ts';
import { cstring, Errno, SyscallError } from '../../kernel/libc.ts';

/** Account files larger than this are refused: they come from an image. */
const maxAccountFile = 4 * 1024 * 1024;
const maxId = 2 ** 31 - 1;

/** Who a process runs as. `home` is `/` without an entry in /etc/passwd. */
export interface ResolvedUser {
	readonly uid: number;
	readonly gid: number;
	readonly additionalGids: readonly number[];
	readonly home: string;
}

interface PasswdEntry {
	readonly name: string;
	readonly uid: number;
	readonly gid: number;
	readonly home: string;
}

interface GroupEntry {
	readonly name: string;
	readonly gid: number;
	readonly members: readonly string[];
}

/**
 * Resolves `user[:group]` (names or numbers, `''` for root) by the account files of a root filesystem, which is not trusted.
 * @throws `invalid_argument` for a name that is not there or an id out of range
 */
export function resolveUser(rootfs: string, user: string, groupAdd: readonly string[] = []): ResolvedUser {
	const [userPart = '', groupPart = ''] = splitOnce(user);
	const passwd = readAccounts(rootfs, '/etc/passwd').flatMap(parsePasswd);
	const groups = readAccounts(rootfs, '/etc/group').flatMap(parseGroup);
	const account = findUser(passwd, userPart);
	const gid = groupPart === '' ? account.gid : findGroup(groups, groupPart);
	const memberships = groupPart === '' ? groups.filter(({ members }) => members.includes(account.name)) : [];
	const others = [...memberships.map((group) => group.gid), ...groupAdd.map((name) => findGroup(groups, name))];
	return { uid: account.uid, gid, additionalGids: [...new Set([gid, ...others])], home: account.home };
}

function splitOnce(text: string): [string, string] {
	const at = text.indexOf(':');
	return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function findUser(passwd: readonly PasswdEntry[], user: string): PasswdEntry {
	const number = parseId(user === '' ? '0' : user);
	const found = passwd.find(({ name }) => name === user) ?? passwd.find(({ uid }) => uid === number);
	if (found !== undefined) return found;
	if (number === null) {
		throw new EngineError('invalid_argument', `unable to find user ${user}: no matching entries in passwd file`);
	}
	return { name: '', uid: checkRange(number), gid: 0, home: '/' };
}

function findGroup(groups: readonly GroupEntry[], group: string): number {
	const number = parseId(group);
	const found = groups.find(({ name }) => name === group) ?? groups.find(({ gid }) => gid === number);
	if (found !== undefined) return found.gid;
	if (number === null) {
		throw new EngineError('invalid_argument', `unable to find group ${group}: no matching entries in group file`);
	}
	return checkRange(number);
}

function parseId(text: string): number | null {
	return /^[+-]?[0-9]+$/.test(text) ? Number(text) : null;
}

function checkRange(id: number): number {
	if (id < 0 || id > maxId) throw new EngineError('invalid_argument', `uids and gids must be in range 0-${maxId}`);
	return id;
}

function parsePasswd(line: string): PasswdEntry[] {
	const [name = '', , uid = '', gid = '', , home = ''] = line.split(':');
	if (name === '' || !/^[0-9]+$/.test(uid)) return [];
	return [{ name, uid: Number(uid), gid: Number(gid) || 0, home: home === '' ? '/' : home }];
}

function parseGroup(line: string): GroupEntry[] {
	const [name = '', , gid = '', members = ''] = line.split(':');
	if (name === '' || !/^[0-9]+$/.test(gid)) return [];
	return [{ name, gid: Number(gid), members: members.split(',').filter(Boolean) }];
}

/** The lines of an account file; none when there is no such file. */
function readAccounts(rootfs: string, path: string): string[] {
	const root = openat2(AT_FDCWD, cstring(rootfs), { flags: Open.PATH | Open.DIRECTORY });
	try {
		const O_NONBLOCK = 0o4000;
		const how = { flags: Open.RDONLY | O_NONBLOCK, resolve: Resolve.IN_ROOT | Resolve.NO_MAGICLINKS };
		const fd = openat2(root, cstring(path), how);
		try {
			return readBounded(fd, path).split('\n');
		} finally {
			closeSync(fd);
		}
	} catch (error) {
		const absent = error instanceof SyscallError && (error.errno === Errno.ENOENT || error.errno === Errno.ENOTDIR);
		if (absent) return [];
		throw error;
	} finally {
		closeSync(root);
	}
}

function readBounded(fd: number, path: string): string {
	const parts: Buffer[] = [];
	for (let size = 0; ; ) {
		const part = Buffer.allocUnsafe(64 * 1024);
		const count = readSync(fd, part);
		if (count === 0) return Buffer.concat(parts).toString('utf8');
		size += count;
		if (size > maxAccountFile) throw new EngineError('invalid_argument', `${path} of the image is too large`);
		parts.push(part.subarray(0, count));
	}
}
