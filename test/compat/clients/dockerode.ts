import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { PassThrough, type Readable } from 'node:stream';
import Docker from 'dockerode';
import { contains, equal, image, remoteImage, runSteps, step, textOf, work } from './steps.ts';

/** What people do with dockerode, against the engine at DOCKER_HOST. */
const docker = new Docker();

const sleeper = (options: object = {}) =>
	docker.createContainer({ Image: image, Cmd: ['sleep', '1000'], StopSignal: 'SIGKILL', ...options });

step('ping, version, info', async () => {
	equal(String(await docker.ping()), 'OK');
	equal((await docker.version()).ApiVersion, '1.51');
	equal((await docker.info()).OSType, 'linux');
});

step('pull with followProgress', async () => {
	const stream = await docker.pull(remoteImage);
	const seen: string[] = [];
	await new Promise<void>((resolve, reject) =>
		docker.modem.followProgress(
			stream,
			(error) => (error ? reject(error) : resolve()),
			(event: { status: string }) => seen.push(event.status),
		),
	);
	contains(seen.join('\n'), 'Downloaded newer image');
	equal((await docker.getImage(remoteImage).inspect()).RepoTags, [remoteImage]);
	await docker.getImage(remoteImage).remove();
});

step('create, attach (hijacked) with stdin, start, wait, remove', async () => {
	const container = await docker.createContainer({
		Image: image,
		Cmd: ['sh', '-c', 'read line; echo "got $line"; echo trouble >&2; exit 4'],
		OpenStdin: true,
		StdinOnce: true,
		AttachStdin: true,
		AttachStdout: true,
		AttachStderr: true,
	});
	const stream = await container.attach({ stream: true, hijack: true, stdin: true, stdout: true, stderr: true });
	const [out, err] = [new PassThrough(), new PassThrough()];
	container.modem.demuxStream(stream, out, err);
	stream.on('end', () => [out, err].map((one) => one.end()));
	await container.start();
	stream.end('a line\n');
	equal(await Promise.all([textOf(out), textOf(err)]), ['got a line\n', 'trouble\n']);
	equal((await container.wait()).StatusCode, 4);
	equal((await container.inspect()).State.ExitCode, 4);
	await container.remove();
});

step('run with a stream and auto removal', async () => {
	const out = new PassThrough();
	const text = textOf(out);
	const [result] = await docker.run(image, ['echo', 'hello'], out, { HostConfig: { AutoRemove: true } });
	out.end();
	equal([result.StatusCode, (await text).trim()], [0, 'hello']);
});

step('a terminal and its size', async () => {
	const container = await docker.createContainer({ Image: image, Tty: true, OpenStdin: true, Cmd: ['sh'] });
	const stream = await container.attach({ stream: true, hijack: true, stdin: true, stdout: true, stderr: true });
	await container.start();
	await container.resize({ h: 33, w: 77 });
	stream.write('stty size; exit\n');
	contains(await textOf(stream as unknown as Readable), '33 77');
	await container.wait();
	await container.remove();
});

step('logs, whole and followed', async () => {
	const container = await docker.createContainer({ Image: image, Cmd: ['sh', '-c', 'echo one; sleep 0.3; echo two'] });
	await container.start();
	const followed = await container.logs({ follow: true, stdout: true, stderr: true });
	contains(await textOf(followed as unknown as Readable), 'two');
	contains((await container.logs({ stdout: true, tail: 1 })).toString(), 'two');
	await container.remove({ force: true });
});

step('exec with stdin, output, environment and exit code', async () => {
	const container = await sleeper();
	await container.start();
	const exec = await container.exec({
		Cmd: ['sh', '-c', 'cat; echo $WHAT; exit 5'],
		Env: ['WHAT=ever'],
		AttachStdin: true,
		AttachStdout: true,
		AttachStderr: true,
	});
	const stream = await exec.start({ hijack: true, stdin: true });
	const out = new PassThrough();
	container.modem.demuxStream(stream, out, out);
	stream.on('end', () => out.end());
	stream.end('typed\n');
	equal(await textOf(out), 'typed\never\n');
	equal((await exec.inspect()).ExitCode, 5);
	await container.remove({ force: true });
});

step('stats', async () => {
	const container = await sleeper();
	await container.start();
	const once = await container.stats({ stream: false });
	if (!(once.memory_stats.usage > 0)) throw new Error(JSON.stringify(once.memory_stats));
	const stream = (await container.stats({ stream: true })) as unknown as Readable;
	for await (const chunk of stream) {
		contains(String(chunk), 'cpu_stats');
		break;
	}
	await container.remove({ force: true });
}, ['GET /containers/{id}/stats']);

step('top, pause, unpause, rename, restart, stop', async () => {
	const container = await sleeper({ name: 'before' });
	await container.start();
	contains(JSON.stringify(await container.top()), 'sleep 1000');
	await container.pause();
	equal((await container.inspect()).State.Status, 'paused');
	await container.unpause();
	await container.rename({ name: 'after' });
	equal((await container.inspect()).Name, '/after');
	await container.restart({ t: 0 });
	await container.stop();
	equal((await container.inspect()).State.Status, 'exited');
	await container.remove();
});

step('putArchive, infoArchive, getArchive', async () => {
	const container = await sleeper();
	await container.start();
	mkdirSync(`${work}/put`);
	writeFileSync(`${work}/put/file`, 'from outside');
	execFileSync('tar', ['-cf', `${work}/put.tar`, '-C', `${work}/put`, 'file']);
	await container.putArchive(`${work}/put.tar`, { path: '/tmp' });
	const info = await container.infoArchive({ path: '/tmp/file' });
	equal((info as { statusCode?: number }).statusCode ?? 200, 200);
	const tar = await textOf((await container.getArchive({ path: '/tmp/file' })) as unknown as Readable);
	contains(tar, 'from outside');
	await container.remove({ force: true });
}, ['PUT /containers/{id}/archive', 'GET /containers/{id}/archive']);

step('changes and export', async () => {
	const container = await docker.createContainer({ Image: image, Cmd: ['touch', '/made'] });
	await container.start();
	await container.wait();
	equal(await container.changes(), [{ Path: '/made', Kind: 1 }]);
	contains(await textOf((await container.export()) as unknown as Readable), 'etc/passwd');
	await container.remove();
}, ['GET /containers/{id}/changes', 'GET /containers/{id}/export']);

step('commit and run what was committed', async () => {
	const container = await docker.createContainer({ Image: image, Cmd: ['sh', '-c', 'echo kept > /kept'] });
	await container.start();
	await container.wait();
	await container.commit({ repo: 'committed', tag: '1', changes: 'ENV FROM=commit' });
	const out = new PassThrough();
	const text = textOf(out);
	await docker.run('committed:1', ['sh', '-c', 'cat /kept; echo $FROM'], out, { HostConfig: { AutoRemove: true } });
	out.end();
	equal((await text).replaceAll('\r', ''), 'kept\ncommit\n');
	await container.remove();
	await docker.getImage('committed:1').remove();
}, ['POST /commit']);

step('update', async () => {
	const container = await sleeper({ HostConfig: { Memory: 64 << 20, MemorySwap: 64 << 20 } });
	await container.start();
	await container.update({ Memory: 96 << 20, MemorySwap: 96 << 20 });
	equal((await container.inspect()).HostConfig.Memory, 96 << 20);
	await container.remove({ force: true });
}, ['POST /containers/{id}/update']);

step('volumes', async () => {
	const volume = await docker.createVolume({ Name: 'rode', Labels: { a: 'b' } });
	equal((await docker.getVolume(volume.name).inspect()).Labels, { a: 'b' });
	equal(
		(await docker.listVolumes()).Volumes.map(({ Name }) => Name),
		['rode'],
	);
	await docker.getVolume('rode').remove();
});

step('events of what was done', async () => {
	const since = Math.floor(Date.now() / 1000) - 1;
	const container = await sleeper({ Labels: { told: 'yes' } });
	const stream = await docker.getEvents({ since, filters: JSON.stringify({ label: ['told=yes'] }) });
	await container.start();
	await container.remove({ force: true });
	let text = '';
	for await (const chunk of stream as unknown as Readable) {
		text += String(chunk);
		if (text.includes('"destroy"')) break;
	}
	const actions = text
		.trim()
		.split('\n')
		.map((line) => JSON.parse(line).Action);
	equal(actions, ['create', 'start', 'kill', 'die', 'destroy']);
});

step('errors have their status and message', async () => {
	const failure = await docker
		.getContainer('nope')
		.inspect()
		.then(
			() => null,
			(error: { statusCode: number; reason: string; json: { message: string } }) => error,
		);
	equal(
		[failure?.statusCode, failure?.reason, failure?.json.message],
		[404, 'no such container', 'No such container: nope'],
	);
});

step('prune', async () => {
	const container = await docker.createContainer({ Image: image, Cmd: ['true'] });
	await container.start();
	await container.wait();
	equal((await docker.pruneContainers()).ContainersDeleted, [container.id]);
	await docker.pruneVolumes();
	await docker.pruneImages();
}, ['POST /containers/prune']);

await runSteps();
