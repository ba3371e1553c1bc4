import { expect, test } from 'bun:test';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import packageJson from '../package.json';
import { errorCodes } from '../src/errors.ts';

const root = join(import.meta.dir, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

/** Actions by type, as the source has them; a template's variable part shows as `…`. */
function actionsInSource(): Map<string, string[]> {
	const source = read('src/events/types.ts');
	const body = /export interface EventActions \{([\s\S]*?)\n\}/.exec(source)?.[1] ?? '';
	const found = new Map<string, string[]>();
	for (const [, type = '', actions = ''] of body.matchAll(/^\t(\w+):([\s\S]*?);/gm)) {
		const names = [...actions.matchAll(/['`]([^'`]+)['`]/g)].map(([, name = '']) => name.replace(/\$\{string\}/, '…'));
		found.set(type, names);
	}
	return found;
}

const page = read('docs/errors-and-events.md');

test.each(errorCodes.map((code) => [code]))('docs/errors-and-events.md explains the code %s', (code) => {
	expect(page).toMatch(new RegExp(`^\\| \`${code}\` \\| \\d{3} \\| .+ \\|$`, 'm'));
});

test('docs/errors-and-events.md has every event action, and none that is not there', () => {
	const actions = actionsInSource();
	expect(actions.size).toBeGreaterThanOrEqual(5);
	for (const [type, names] of actions) {
		const section = page.split(`### ${type}\n`)[1]?.split('\n### ')[0] ?? '';
		const listed = [...section.matchAll(/^\| `([^`]+)` \| .+ \|$/gm)].map(([, name]) => name);
		expect({ type, actions: listed.sort() }).toEqual({ type, actions: [...names].sort() });
	}
});

test('the HTTP statuses on that page are the server’s', () => {
	const server = read('src/server/docker/errors.ts');
	for (const code of errorCodes) {
		const status = new RegExp(`^\\t${code}: (\\d+)`, 'm').exec(server)?.[1];
		expect({ code, status: new RegExp(`\`${code}\` \\| (\\d+)`).exec(page)?.[1] }).toEqual({
			code,
			status: status ?? 'none',
		});
	}
});

test('docs/container-life-cycle.md has every state', () => {
	const model = read('src/engine/containers/model.ts');
	const union = /export type ContainerState =([\s\S]*?);\n\n/.exec(model)?.[1] ?? '';
	const states = new Set([...union.matchAll(/at: '(\w+)'/g)].map(([, state]) => state));
	expect(states.size).toBeGreaterThan(3);
	for (const state of states) expect(read('docs/container-life-cycle.md')).toContain(`| \`${state}\` |`);
});

test('docs/dependencies.md has every npm package, at its version', () => {
	const dependencies = read('docs/dependencies.md');
	const { devDependencies } = packageJson;
	const runtime = 'dependencies' in packageJson ? (packageJson.dependencies as Record<string, string>) : {};
	for (const [name, version] of Object.entries({ ...devDependencies, ...runtime })) {
		expect(version).toMatch(/^\d+\.\d+\.\d+$/);
		expect(dependencies).toContain(name);
		expect(dependencies).toContain(version);
	}
});

test('the README begins with the two commands, and names folders that exist', () => {
	const readme = read('README.md');
	expect(readme).toMatch(/^# Gantry\n\n {4}npm start .*\n {4}npm test /);
	for (const [, path = ''] of readme.matchAll(/^ {4}((?:src|test|bench|docs)\/[\w./-]*)/gm)) {
		expect({ path, exists: existsSync(join(root, path)) }).toEqual({ path, exists: true });
	}
	for (const name of readdirSync(join(root, 'docs'))) expect(readme).toContain(name);
	for (const [, script = ''] of readme.matchAll(/npm run (\w+)/g))
		expect(Object.keys(packageJson.scripts)).toContain(script);
});
