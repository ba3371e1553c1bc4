import { expect, test } from 'bun:test';
import { listProcesses, parseProcessTable } from './processes.ts';

test('keeps the rows of the given processes, the last column whole', () => {
	const output =
		'  PID TTY          TIME CMD\n    1 ?        00:00:01 init --with spaces\n   42 ?        00:00:00 sh -c sleep 9\n';
	expect(parseProcessTable(output, new Set([42]))).toEqual({
		titles: ['PID', 'TTY', 'TIME', 'CMD'],
		processes: [['42', '?', '00:00:00', 'sh -c sleep 9']],
	});
});

test('without a PID column there is no telling', () => {
	expect(() => parseProcessTable('CMD\nsh\n', new Set([1]))).toThrow("Couldn't find PID field in ps output");
});

test('asks the real ps', async () => {
	const { titles, processes } = await listProcesses('-o pid,comm', [process.pid]);
	expect(titles).toEqual(['PID', 'COMMAND']);
	expect(processes.map(([pid]) => pid)).toEqual([String(process.pid)]);
});

test.each(['-o nonsense', '--no-such-option'])('%j is refused with what ps says', async (words) => {
	await expect(listProcesses(words, [])).rejects.toMatchObject({
		code: 'invalid_argument',
		message: expect.stringContaining('ps: exit status'),
	});
});

test('nothing but arguments gets through', async () => {
	await expect(listProcesses('-ef; true', [])).rejects.toThrow(/invalid ps arguments/);
});
