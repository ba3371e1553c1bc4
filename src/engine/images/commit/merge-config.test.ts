import { expect, test } from 'bun:test';
import type { ImageExecConfig } from '../../../oci/types.ts';
import { mergeConfig } from './merge-config.ts';

test.each<[string, ImageExecConfig, ImageExecConfig, ImageExecConfig]>([
	['what is open comes from the base', {}, { User: 'me', Cmd: ['a'] }, { User: 'me', Cmd: ['a'] }],
	[
		'what is empty, too',
		{ User: '', WorkingDir: '' },
		{ User: 'u', WorkingDir: '/w' },
		{ User: 'u', WorkingDir: '/w' },
	],
	['variables by name', { Env: ['A=9', 'C=3'] }, { Env: ['A=1', 'B=2'] }, { Env: ['A=9', 'C=3', 'B=2'] }],
	['labels by key', { Labels: { a: 'x' } }, { Labels: { a: 'y', b: 'z' } }, { Labels: { a: 'x', b: 'z' } }],
	[
		'ports add up',
		{ ExposedPorts: { '80/tcp': {} } },
		{ ExposedPorts: { '81/tcp': {} } },
		{ ExposedPorts: { '81/tcp': {}, '80/tcp': {} } },
	],
	[
		'a command with the entrypoint of the base',
		{ Cmd: ['x'] },
		{ Entrypoint: ['e'], Cmd: ['c'] },
		{ Entrypoint: ['e'], Cmd: ['x'] },
	],
	[
		'an entrypoint without the command of the base',
		{ Entrypoint: ['x'] },
		{ Entrypoint: ['e'], Cmd: ['c'] },
		{ Entrypoint: ['x'], Cmd: null },
	],
	[
		'an empty entrypoint takes that of the base away',
		{ Entrypoint: [] },
		{ Entrypoint: ['e'], Cmd: ['c'] },
		{ Entrypoint: [], Cmd: ['c'] },
	],
	[
		'a health check part by part',
		{ Healthcheck: { Test: [], Interval: 5, Retries: 0 } },
		{ Healthcheck: { Test: ['CMD', 'x'], Interval: 1, Retries: 3 } },
		{ Healthcheck: { Test: ['CMD', 'x'], Interval: 5, Retries: 3 } },
	],
])('%s', (_, given, base, merged) => {
	expect(mergeConfig(given, base)).toMatchObject(merged);
});
