import { expect, test } from 'bun:test';
import type { ExecSession } from '../model.ts';
import { createSessionTable } from './exec-sessions.ts';

const process = {
	cmd: ['true'],
	env: [],
	user: '',
	workingDir: '',
	tty: false,
	privileged: false,
	attachStdin: false,
	attachStdout: false,
	attachStderr: false,
	detachKeys: '',
	consoleSize: null,
};

function session(id: string, state: ExecSession['state']): ExecSession {
	return { id, containerId: 'c', process, state };
}

test('what ended is known for five minutes, what runs for as long as it runs', () => {
	let now = 0;
	const table = createSessionTable(() => now);
	const ids = () => [...table.values()].map(({ id }) => id);
	table.set('a', session('a', { at: 'running', pid: 1 }));
	table.set('b', session('b', { at: 'exited', code: 0, pid: 2 }));
	now = 200_000;
	table.set('c', session('c', { at: 'exited', code: 0, pid: 3 }));
	now = 300_000;
	table.set('d', session('d', { at: 'created' }));
	expect(ids()).toEqual(['a', 'c', 'd']);
	table.delete('c');
	now = 10_000_000;
	table.set('e', session('e', { at: 'created' }));
	expect(ids()).toEqual(['a', 'd', 'e']);
});
