import { expect, test } from 'bun:test';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';

const root = join(import.meta.dir, '..');

/** Who may import whom, by the first folder (or file) below src. `npm`: packages; node: and bun: are for all. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
	// errors.ts is a leaf; the parsers in lib report hostile input with its codes.
	lib: ['errors'],
	errors: [],
	oci: ['errors', 'lib'],
	api: ['oci', 'errors', 'lib'],
	events: ['oci', 'errors', 'lib'],
	kernel: ['errors', 'lib'],
	store: ['kernel', 'oci', 'errors', 'lib'],
	runtime: ['kernel', 'oci', 'errors', 'lib'],
	engine: ['store', 'runtime', 'events', 'oci', 'errors', 'lib'],
	server: ['engine', 'events', 'api', 'oci', 'errors', 'lib'],
	client: ['api', 'errors', 'lib'],
	cli: ['client', 'api', 'oci', 'errors', 'lib'],
	daemon: ['server', 'engine', 'events', 'store', 'runtime', 'kernel', 'api', 'oci', 'errors', 'lib'],
};

/** Engine folders that may call the kernel: those of the network and volume drivers. */
const kernelCallers = ['src/engine/networks/', 'src/engine/volumes/'];

function filesBelow(folder: string, pattern: RegExp): string[] {
	return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
		.map((name) => join(folder, name))
		.filter((name) => pattern.test(name) && statSync(join(root, name)).isFile());
}

const sources = filesBelow('src', /\.ts$/);
const textOf = (file: string) => readFileSync(join(root, file), 'utf8');

/** The part of src a file belongs to: `src/oci/digest.ts` → `oci`, `src/daemon.ts` → `daemon`. */
function partOf(file: string): string {
	return (file.split('/')[1] ?? '').replace(/\.ts$/, '');
}

interface Import {
	readonly specifier: string;
	readonly dynamic: boolean;
}

function withoutComments(text: string): string {
	return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
}

/** Static, type-only, side-effect, re-export and dynamic imports, `import('…')` types included. */
function importsOf(text: string): Import[] {
	const found: Import[] = [];
	const code = withoutComments(text);
	for (const [, specifier] of code.matchAll(/^\s*(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]/gm)) {
		found.push({ specifier: specifier ?? '', dynamic: false });
	}
	for (const [, specifier] of code.matchAll(/^\s*import\s*['"]([^'"]+)['"]/gm)) {
		found.push({ specifier: specifier ?? '', dynamic: false });
	}
	for (const [, specifier] of code.matchAll(/\b(?:import|require)\s*\(\s*['"`]([^'"`]+)['"`]/g)) {
		found.push({ specifier: specifier ?? '', dynamic: true });
	}
	return found;
}

/** Why `file` may not import `target`; null when it may. */
function objection(file: string, target: string): string | null {
	const [from, to] = [partOf(file), partOf(target)];
	if (from === to || from === 'main') return null;
	if (/\.test\.ts$/.test(file)) return null;
	if (!target.startsWith('src/')) return `${file} imports ${target}, which is outside of src`;
	if (from === 'engine' && to === 'kernel' && kernelCallers.some((folder) => file.startsWith(folder))) return null;
	if (mayImport[from]?.includes(to)) return null;
	return `${file} imports ${target}: ${from} may import ${(mayImport[from] ?? []).join(', ') || 'nothing'}`;
}

test('the import finder finds every form', () => {
	const text = `import a from './a.ts';\nimport type { B } from './b.ts';\nimport './c.ts';\nexport * from './d.ts';
export type { E } from './e.ts';\nconst f = await import('./f.ts');\ntype G = import('./g.ts').G;
import {\n\tx,\n\ttype Y,\n} from './h.ts';\n// import z from './z.ts';\n/* import y from './y.ts'; */`;
	expect(
		importsOf(text)
			.map((each) => each.specifier)
			.sort(),
	).toEqual('abcdefgh'.split('').map((name) => `./${name}.ts`));
});

test('the table forbids what it should', () => {
	expect(objection('src/lib/a.ts', 'src/oci/b.ts')).not.toBeNull();
	expect(objection('src/store/a.ts', 'src/runtime/b.ts')).not.toBeNull();
	expect(objection('src/engine/containers/a.ts', 'src/kernel/b.ts')).not.toBeNull();
	expect(objection('src/engine/networks/a.ts', 'src/kernel/b.ts')).toBeNull();
	expect(objection('src/engine/images/a.ts', 'src/api/b.ts')).not.toBeNull();
	expect(objection('src/cli/a.ts', 'src/engine/b.ts')).not.toBeNull();
});

test('every part of src is in the table', () => {
	const unknown = new Set(sources.map(partOf).filter((part) => part !== 'main' && !(part in mayImport)));
	expect([...unknown]).toEqual([]);
});

test('imports follow the table', () => {
	const objections = sources.flatMap((file) =>
		importsOf(textOf(file))
			.filter(({ specifier }) => specifier.startsWith('.'))
			.map(({ specifier }) => objection(file, normalize(join(dirname(file), specifier))))
			.filter((reason) => reason !== null),
	);
	expect(objections).toEqual([]);
});

test('relative imports name the file with its ending, builtins their scheme', () => {
	const builtins = new Set([
		'fs',
		'path',
		'os',
		'net',
		'http',
		'crypto',
		'stream',
		'child_process',
		'util',
		'zlib',
		'url',
	]);
	const wrong = sources.flatMap((file) =>
		importsOf(textOf(file))
			.filter(({ specifier }) =>
				specifier.startsWith('.') ? !/\.(ts|json)$/.test(specifier) : builtins.has(specifier.split('/')[0] ?? ''),
			)
			.map(({ specifier }) => `${file}: ${specifier}`),
	);
	expect(wrong).toEqual([]);
});

test('main.ts picks a role by dynamic import and loads nothing before', () => {
	const imports = importsOf(textOf('src/main.ts'));
	expect(imports.length).toBeGreaterThan(0);
	expect(imports.filter((each) => !each.dynamic)).toEqual([]);
});

test('the CLI and the shim start without HTTP servers and the daemon', () => {
	for (const start of ['src/cli/main.ts', 'src/runtime/shim/main.ts']) {
		if (!sources.includes(start)) continue;
		const loaded = staticClosure(start);
		expect([...loaded].filter((name) => /^node:(http|net|https|http2)$/.test(name))).toEqual([]);
		expect([...loaded].filter((name) => /^src\/(engine|server|daemon)/.test(name))).toEqual([]);
	}
});

/** All that is loaded before the first dynamic import. */
function staticClosure(start: string, seen = new Set<string>()): Set<string> {
	if (seen.has(start)) return seen;
	seen.add(start);
	const code = withoutComments(textOf(start)).replace(/^\s*(?:import|export)\s+type\b[^;]*;/gm, '');
	for (const { specifier, dynamic } of importsOf(code)) {
		if (dynamic) continue;
		if (!specifier.startsWith('.')) seen.add(specifier);
		else if (/\.ts$/.test(specifier)) staticClosure(normalize(join(dirname(start), specifier)), seen);
	}
	return seen;
}

test('no file is longer than 600 lines, data excepted', () => {
	const isData = (file: string) => /\/(testdata|data)\//.test(file) || /^\/\*\* Generated/.test(textOf(file));
	const long = [
		...sources,
		...filesBelow('test', /\.ts$/),
		...filesBelow('bench', /\.ts$/),
		...filesBelow('scripts', /\.(ts|sh)$/),
	]
		.filter((file) => !isData(file))
		.map((file) => ({ file, lines: textOf(file).split('\n').length }))
		.filter(({ lines }) => lines > 600);
	expect(long).toEqual([]);
});

test('there is no escape from the checker', () => {
	const directives = new RegExp(`@ts-(ignore|nocheck|expect-error)|${'biome'}-ignore`);
	const found = sources.filter(
		(file) =>
			directives.test(textOf(file)) || /\bas any\b|: any\b|<any>/.test(withoutStrings(withoutComments(textOf(file)))),
	);
	expect(found).toEqual([]);
});

function withoutStrings(text: string): string {
	return text.replace(/'(?:[^'\\\n]|\\.)*'/g, "''").replace(/"(?:[^"\\\n]|\\.)*"/g, '""');
}

test('the repository speaks of itself alone', () => {
	const listed = Bun.spawnSync(['git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root });
	const files = listed.stdout
		.toString()
		.split('\0')
		.filter((file) => file !== '' && file !== 'package-lock.json' && file !== relative(root, import.meta.path));
	expect(files.length).toBeGreaterThan(10);
	// Written in pieces, or this file would find itself elsewhere.
	const forbidden = [
		['a path outside of the tree', new RegExp(`(\\.\\./shared/|(?<![\\w.}])/${'work'}/(main|shared)|/home/[a-z]+/)`)],
		[
			'a host of packages',
			new RegExp(`(registry\\.npmjs|deb\\.debian|security\\.debian|registry-1\\.${'docker'}\\.io/v2/library/.*\\bapt)`),
		],
	] as const;
	const found = files.flatMap((file) => {
		const text = readIfText(join(root, file));
		return forbidden.filter(([, pattern]) => pattern.test(text)).map(([what]) => `${file}: ${what}`);
	});
	expect(found).toEqual([]);
});

function readIfText(path: string): string {
	const stat = statSync(path, { throwIfNoEntry: false });
	if (stat === undefined || !stat.isFile() || stat.size > 2_000_000) return '';
	const text = readFileSync(path, 'latin1');
	return text.includes('\0') ? '' : text;
}
