import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { GenericContainer, Wait } from 'testcontainers';
import { contains, equal, image, runSteps, step, textOf, work } from './steps.ts';

/** What people do with Testcontainers, without its reaper, against the engine at DOCKER_HOST. */
const archive = ['PUT /containers/{id}/archive'];
const box = () => new GenericContainer(image).withPullPolicy({ shouldPull: () => false });
const server = (word: string) => `while :; do echo ${word} | nc -l -p 8000; done`;

/** What a TCP port says. */
function said(host: string, port: number): Promise<string> {
	return textOf(connect(port, host));
}

step('an exposed port, once it listens', async () => {
	const container = await box()
		.withCommand(['sh', '-c', server('hi')])
		.withExposedPorts(8000)
		.start();
	contains(await said(container.getHost(), container.getMappedPort(8000)), 'hi');
	await container.stop();
});

step('wait for a log message', async () => {
	const container = await box()
		.withCommand(['sh', '-c', 'echo starting; sleep 0.3; echo "now ready"; sleep 1000'])
		.withWaitStrategy(Wait.forLogMessage(/now \w+/))
		.start();
	await container.stop({ timeout: 0 });
});

step('wait for a shell command', async () => {
	const container = await box()
		.withCommand(['sh', '-c', 'sleep 0.3; touch /tmp/ready; sleep 1000'])
		.withWaitStrategy(Wait.forSuccessfulCommand('test -e /tmp/ready'))
		.start();
	await container.stop({ timeout: 0 });
});

step('wait for the health check', async () => {
	const container = await box()
		.withCommand(['sh', '-c', 'sleep 0.5; touch /tmp/ready; sleep 1000'])
		.withHealthCheck({ test: ['CMD-SHELL', 'test -e /tmp/ready'], interval: 200, timeout: 1000, retries: 20 })
		.withWaitStrategy(Wait.forHealthCheck())
		.start();
	await container.stop({ timeout: 0 });
});

step('wait for the end of a one-shot', async () => {
	const container = await box()
		.withCommand(['sh', '-c', 'echo working; exit 0'])
		.withWaitStrategy(Wait.forOneShotStartup())
		.start();
	contains(await textOf(await container.logs()), 'working');
	await container.stop();
});

step('exec, environment, user, working directory, labels', async () => {
	const container = await box()
		.withCommand(['sleep', '1000'])
		.withEnvironment({ WHAT: 'ever' })
		.withWorkingDir('/tmp')
		.withUser('nobody')
		.withLabels({ mine: 'yes' })
		.withTmpFs({ '/scratch': 'rw,size=1m' })
		.start();
	const { output, exitCode } = await container.exec(['sh', '-c', 'echo $WHAT $PWD $(id -un); exit 3']);
	equal([output.trim(), exitCode], ['ever /tmp nobody', 3]);
	const { output: other } = await container.exec(['sh', '-c', 'echo $MORE; pwd'], {
		env: { MORE: 'x' },
		workingDir: '/var',
		user: 'root',
	});
	equal(other, 'x\n/var\n');
	equal(container.getLabels().mine, 'yes');
	await container.stop({ timeout: 0 });
});

step(
	'content and files copied in before the start',
	async () => {
		writeFileSync(`${work}/outside`, 'from a file');
		const container = await box()
			.withCommand(['sleep', '1000'])
			.withCopyContentToContainer([{ content: 'some content', target: '/tmp/a/content', mode: 0o640 }])
			.withCopyFilesToContainer([{ source: `${work}/outside`, target: '/tmp/file' }])
			.start();
		const { output } = await container.exec('cat /tmp/a/content /tmp/file');
		equal(output, 'some contentfrom a file');
		equal((await container.exec('stat -c %a /tmp/a/content')).output, '640\n');
		await container.stop({ timeout: 0 });
	},
	archive,
);

step('files copied in and out while it runs', async () => {
	const container = await box().withCommand(['sleep', '1000']).start();
	await container.copyContentToContainer([{ content: 'later', target: '/tmp/later' }]);
	equal((await container.exec('cat /tmp/later')).output, 'later');
	contains(await textOf(await container.copyArchiveFromContainer('/tmp/later')), 'later');
	await container.stop({ timeout: 0 });
}, [...archive, 'GET /containers/{id}/archive']);

step('the log as a stream', async () => {
	const container = await box().withCommand(['sh', '-c', 'echo first; sleep 0.2; echo second; sleep 1000']).start();
	let text = '';
	for await (const chunk of await container.logs()) {
		text += String(chunk);
		if (text.includes('second')) break;
	}
	contains(text, 'first');
	await container.stop({ timeout: 0 });
});

step('restart keeps the container and its port', async () => {
	const container = await box()
		.withCommand(['sh', '-c', 'echo ready; sleep 1000'])
		.withWaitStrategy(Wait.forLogMessage('ready'))
		.start();
	const id = container.getId();
	await container.restart({ timeout: 0 });
	equal((await container.exec('true')).exitCode, 0);
	equal(container.getId(), id);
	await container.stop({ timeout: 0 });
});

step('reuse finds the container that runs', async () => {
	const reused = () => box().withCommand(['sleep', '1000']).withLabels({ reuse: 'me' }).withReuse().start();
	const first = await reused();
	const second = await reused();
	equal(second.getId(), first.getId());
	await first.stop({ timeout: 0 });
});

step('a bind mount, limits, capabilities, hosts', async () => {
	writeFileSync(`${work}/bound`, 'bound');
	const container = await box()
		.withCommand(['sleep', '1000'])
		.withBindMounts([{ source: `${work}/bound`, target: '/bound', mode: 'ro' }])
		.withResourcesQuota({ memory: 0.0625, cpu: 0.5 })
		.withExtraHosts([{ host: 'other', ipAddress: '10.1.2.3' }])
		.withAddedCapabilities('NET_ADMIN')
		.withDroppedCapabilities('MKNOD')
		.withSharedMemorySize(1 << 20)
		.withUlimits({ nofile: { soft: 100, hard: 200 } })
		.start();
	equal((await container.exec('cat /bound')).output, 'bound');
	contains((await container.exec('cat /etc/hosts')).output, '10.1.2.3\tother');
	equal((await container.exec(['sh', '-c', 'ulimit -n'])).output, '100\n');
	await container.stop({ timeout: 0 });
});

step('commit', async () => {
	const container = await box().withCommand(['sleep', '1000']).start();
	await container.exec(['sh', '-c', 'echo kept > /kept']);
	const id = await container.commit({ repo: 'tc-commit', tag: '1', author: 'x', comment: 'y', deleteOnExit: false });
	if (!/^[0-9a-f:sha]+$/.test(id)) throw new Error(id);
	await container.stop({ timeout: 0 });
	const again = await new GenericContainer('tc-commit:1').withCommand(['sleep', '1000']).start();
	equal((await again.exec('cat /kept')).output, 'kept\n');
	await again.stop({ timeout: 0 });
}, ['POST /commit']);

await runSteps();
