// npm start: a container's whole way on a throw-away daemon. Exits with 1 when a step is not as it should be.
import { startEngine, type TestEngine } from '../test/support/daemon.ts';
import { buildImage, busyboxRootfs } from '../test/support/image-builder.ts';
import { startRegistryInside } from '../test/support/inside-registry.ts';
import type { RunResult } from '../test/support/run.ts';

const page = '<h1>Hello from Gantry</h1>\n';
const begun = performance.now();

class StepFailed extends Error {}

/** Does one step, prints what it was, how long it took, and what came of it. */
async function step(title: string, action: () => Promise<RunResult>, expected?: RegExp): Promise<string> {
	const before = performance.now();
	const { code, stdout, stderr } = await action();
	const took = `${(performance.now() - before).toFixed(0)} ms`;
	const right = code === 0 && (expected === undefined || expected.test(stdout));
	console.log(`${right ? '✓' : '✗'} ${title}  (${took})`);
	for (const line of `${stdout}${right ? '' : stderr}`
		.split('\n')
		.filter((text) => text !== '')
		.slice(0, 12)) {
		console.log(`    ${line}`);
	}
	if (!right)
		throw new StepFailed(`${title}: exit code ${code}${expected === undefined ? '' : `, expected ${expected}`}`);
	return stdout.trim();
}

/** A small web server: busybox's httpd and one page. */
function webImage() {
	return buildImage({
		tars: [busyboxRootfs([{ name: 'var/www/index.html', content: page }])],
		config: {
			Cmd: ['sh', '-c', 'echo serving; exec httpd -f -v -p 80 -h /var/www'],
			Env: ['PATH=/bin:/usr/bin'],
			ExposedPorts: { '80/tcp': {} },
		},
	});
}

const fetchPage = (engine: TestEngine, port: number) => () =>
	engine.inside(
		'curl',
		'-sS',
		'--noproxy',
		'*',
		'--max-time',
		'10',
		'--retry',
		'20',
		'--retry-delay',
		'0',
		'--retry-all-errors',
		`http://127.0.0.1:${port}/`,
	);

type Cli = (...args: string[]) => Promise<RunResult>;

async function wholeWay(engine: TestEngine, image: string): Promise<void> {
	const gantry: Cli = (...args) => engine.gantry(...args);
	const say = (words: string, expected?: RegExp) => {
		const args = words.split(' ').map((word) => word.replaceAll('_', ' '));
		return step(`gantry ${args.join(' ')}`, () => gantry(...args), expected);
	};
	await say(`pull ${image}`, /Downloaded newer image/);
	await say('images', /web/);
	await say(`run -d --name web -p 8080:80 ${image}`, /^[0-9a-f]{64}$/m);
	await step('curl http://127.0.0.1:8080/', fetchPage(engine, 8080), /Hello from Gantry/);
	await say('ps', /0\.0\.0\.0:8080->80\/tcp/);
	await say('logs web', /serving/);
	await say('exec web cat /proc/1/comm', /httpd|busybox/);
	await say('stop -t 1 web', /web/);
	await say('rm web', /web/);
	const until = (Date.now() / 1000).toFixed(3);
	await say(
		`events --since 1 --until ${until} --filter type=container --filter container=web --format {{.Action}}`,
		/create\n[\s\S]*start\n[\s\S]*die\n[\s\S]*destroy/,
	);
}

async function withStockCli(engine: TestEngine, image: string): Promise<void> {
	const docker: Cli = (...args) => engine.docker(...args);
	await step(
		`docker run -d --name again -p 8081:80 ${image}`,
		() => docker('run', '-d', '--name', 'again', '-p', '8081:80', image),
		/^[0-9a-f]{64}$/m,
	);
	await step('curl http://127.0.0.1:8081/', fetchPage(engine, 8081), /Hello from Gantry/);
	await step('docker exec again hostname', () => docker('exec', 'again', 'hostname'), /^[0-9a-f]{12}$/m);
	await step('docker rm -f again', () => docker('rm', '-f', 'again'), /again/);
}

async function demo(): Promise<void> {
	console.log('A throw-away daemon in a network namespace and temp directories of its own.\n');
	await using engine = await startEngine();
	await using registry = await startRegistryInside(engine);
	const image = await registry.push(webImage(), 'demo/web', '1');
	console.log(`A registry on loopback holds ${image}: busybox, a page, httpd.\n\nWith Gantry's own CLI:`);
	await wholeWay(engine, image);
	console.log('\nThe heart of it once more, with the stock docker CLI:');
	await withStockCli(engine, image);
	console.log('\nTaking everything away …');
}

try {
	await demo();
	console.log(`Done: nothing left behind. ${((performance.now() - begun) / 1000).toFixed(1)} s in all.`);
	process.exit(0);
} catch (error) {
	const first = error instanceof SuppressedError ? error.suppressed : error;
	console.error(`\nIt went wrong: ${first instanceof Error ? first.message : String(first)}`);
	if (error instanceof SuppressedError) console.error(`And then: ${String(error.error)}`);
	process.exit(1);
}
