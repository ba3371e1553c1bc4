import { expect, test } from 'bun:test';
import { SyscallError } from './libc.ts';
import { peerOf } from './peer.ts';

test('what is no socket is an error with its errno', () => {
	expect(() => peerOf(-1)).toThrow(SyscallError);
});
