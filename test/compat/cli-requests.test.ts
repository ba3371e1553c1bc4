import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Runs the same command line with Docker's CLI and with ours against a server that records, and compares what was
 * sent and how both ended. Needs `docker` of version 28 or later in the PATH.
 */
const docker = Bun.which('docker');
/** Its flags and requests are compared as they are today; a client of years ago has others. */
const comparable = docker !== null && majorOf(docker) >= 28;
const main = new URL('../../src/main.ts', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'cli-requests-'));
const socket = join(folder, 'api.sock');
const id = 'f'.repeat(64);

function majorOf(program: string): number {
	const { stdout } = Bun.spawnSync([program, '--version']);
	return Number(/version (\d+)/.exec(stdout.toString())?.[1] ?? 0);
}

interface Recorded {
	readonly method: string;
	readonly path: string;
	readonly query: Readonly<Record<string, string[]>>;
	readonly body: unknown;
}

let recorded: Recorded[] = [];
let server: Bun.Server<undefined>;

const usage = {
	LayersSize: 3_500_000,
	Images: [
		{ Id: `sha256:${id}`, RepoTags: ['a:1', 'b:2'], Created: 1, Size: 2_000_000, SharedSize: 500_000, Containers: 1 },
		{ Id: `sha256:${'a'.repeat(64)}`, RepoTags: [], Created: 1, Size: 1_500_000, SharedSize: 500_000, Containers: 0 },
	],
	Containers: [
		{ Id: id, Names: ['/up'], Image: 'a:1', Command: 'sh', Created: 1, State: 'running', Status: 'Up', SizeRw: 7_000 },
		{
			Id: id,
			Names: ['/down'],
			Image: 'a:1',
			Command: 'sh',
			Created: 1,
			State: 'exited',
			Status: 'Exited',
			SizeRw: 12_345,
		},
	],
	Volumes: [
		{
			Name: 'v',
			Driver: 'local',
			Mountpoint: '/v',
			Labels: { a: 'b' },
			Scope: 'local',
			UsageData: { Size: 99, RefCount: 1 },
		},
		{
			Name: 'w',
			Driver: 'local',
			Mountpoint: '/w',
			Labels: null,
			Scope: 'local',
			UsageData: { Size: 4_321, RefCount: 0 },
		},
		{ Name: 'x', Driver: 'nfs', Mountpoint: '/x', Labels: null, Scope: 'local', UsageData: { Size: -1, RefCount: 0 } },
	],
	BuildCache: [
		{
			ID: 'c'.repeat(25),
			Type: 'regular',
			Size: 10_000,
			InUse: true,
			CreatedAt: '2020-01-01T00:00:00Z',
			UsageCount: 2,
		},
		{ ID: 'd'.repeat(25), Type: 'regular', Size: 500, Shared: true, CreatedAt: '2020-01-01T00:00:00Z', UsageCount: 1 },
		{ ID: 'e'.repeat(25), Type: 'source.local', Size: 2_000, CreatedAt: '2020-01-01T00:00:00Z', UsageCount: 1 },
	],
};
const pruned = {
	ContainersDeleted: [id],
	ImagesDeleted: [{ Untagged: 'a:b' }, { Deleted: 'sha256:c' }],
	NetworksDeleted: ['n1', 'n2'],
	VolumesDeleted: ['v'],
	CachesDeleted: ['k'],
	SpaceReclaimed: 1_234_567,
};

function answer(method: string, path: string): Response {
	if (path === '/system/df') return Response.json(usage);
	if (/^\/containers\/missing\d?\/start$/.test(path))
		return new Response('{"message":"No such container: missing"}', {
			status: 404,
			headers: { 'content-type': 'application/json' },
		});
	if (path === '/events') return new Response('{"Type":"container","Action":"start","time":7}\n');
	if (path.endsWith('/prune')) return Response.json(pruned);
	if (path === '/auth') return Response.json({ Status: 'Login Succeeded', IdentityToken: '' });
	if (path === '/_ping') return new Response('OK', { headers: { 'Api-Version': '1.50', Ostype: 'linux' } });
	if (path === '/containers/create') return Response.json({ Id: id, Warnings: [] }, { status: 201 });
	if (path === '/containers/prune') return Response.json({ ContainersDeleted: ['abc', 'def'], SpaceReclaimed: 123456 });
	if (path.endsWith('/exec')) return Response.json({ Id: 'e'.repeat(64) }, { status: 201 });
	if (path.endsWith('/json') && path.startsWith('/images/')) return Response.json([]);
	if (path.endsWith('/json')) return Response.json(path === '/containers/json' ? [] : { Id: id, Config: {} });
	if (path.endsWith('/wait')) return Response.json({ StatusCode: 3 });
	if (path.startsWith('/images/') && method === 'DELETE') return Response.json([{ Untagged: 'a:b' }, { Deleted: 'c' }]);
	if (path === '/images/create') return new Response('{"status":"Status: done"}\r\n');
	if (path.startsWith('/images/')) return new Response(null, { status: 201 });
	return new Response(null, { status: 204 });
}

beforeAll(() => {
	server = Bun.serve({
		unix: socket,
		async fetch(request) {
			const url = new URL(request.url);
			const path = decodeURIComponent(url.pathname.replace(/^\/v[\d.]+/, ''));
			const text = await request.text();
			const query: Record<string, string[]> = {};
			for (const [name, value] of url.searchParams) query[name] = [...(query[name] ?? []), value];
			if (path !== '/_ping') {
				const isJson = request.headers.get('content-type') === 'application/json';
				recorded.push({ method: request.method, path, query, body: isJson ? JSON.parse(text) : text.length });
			}
			return answer(request.method, path);
		},
	});
	writeFileSync(join(folder, 'env'), '# comment\n\nA=1\n  B = 2\nHOME\nUNSET_NAME\nC=x y\n'.replace('B = 2', 'B=2 '));
	writeFileSync(join(folder, 'labels'), 'a=1\nb\n#c\n');
	writeFileSync(join(folder, 'seccomp.json'), '{ "defaultAction": "SCMP_ACT_ALLOW" }\n');
	writeFileSync(join(folder, 'bad-env'), 'A B=1\n');
	writeFileSync(join(folder, 'long-line'), `A=1\nB=${'1'.repeat(65_534)}\n`);
	writeFileSync(join(folder, 'longest-line'), `A=1\nB=${'1'.repeat(65_533)}\n`);
	writeFileSync(join(folder, 'not-utf8'), Buffer.from('A=1\nB=\xff\xfe\n', 'latin1'));
	mkdirSync(join(folder, 'keys'));
	writeFileSync(join(folder, 'keys', 'config.json'), '{ "detachKeys": "ctrl-e,ctrl-f" }');
});

afterAll(() => {
	server.stop(true);
	rmSync(folder, { recursive: true, force: true });
});

async function runOne(program: readonly string[], args: readonly string[], apiVersion = '') {
	recorded = [];
	const child = Bun.spawn([...program, ...args], {
		cwd: folder,
		env: {
			PATH: process.env.PATH,
			HOME: folder,
			FROM_OUTSIDE: 'yes',
			DOCKER_HOST: `unix://${socket}`,
			DOCKER_API_VERSION: apiVersion,
		},
		stdin: 'ignore',
		stdout: 'pipe',
		stderr: 'pipe',
	});
	const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
	return { requests: recorded, stdout, stderr, code };
}

const theirs = (args: readonly string[]) => runOne([docker ?? 'docker'], args);
const ours = (args: readonly string[]) => runOne([process.execPath, main], args);

const creates: readonly string[] = [
	'',
	'-i',
	'-t',
	'-it',
	'-a stdout',
	'-a stdin -i',
	'-a STDERR -a stdout',
	'--name web -h host --domainname dom -u 1000:1000 -w /srv',
	'-e A=b -e FROM_OUTSIDE -e NOT_SET -e EMPTY=',
	'--env-file env',
	'--env-file env -e A=2',
	'--label-file labels -l x=y -l z -l x=2',
	'-p 80',
	'-p 8080:80',
	'-p 127.0.0.1:8080:80/udp',
	'-p [::1]:8080:80',
	'-p 127.0.0.1::80',
	'-p 8000-8003:80-83',
	'-p 8000-8010:80',
	'-p 80:80 -p 81:80 -p 80:80/sctp',
	'-p target=80,published=8080,protocol=udp',
	'-p :80',
	'-P --expose 90 --expose 100-102/udp',
	'--expose 80 -p 80:80',
	'-v /a:/b',
	'-v /a:/b:ro -v vol:/c -v /anon',
	'-v ./rel:/x',
	'-v ../up:/x:z',
	'--mount type=bind,source=/a,target=/b',
	'--mount type=bind,src=/a,dst=/b,readonly,bind-propagation=rslave',
	'--mount type=volume,src=v,dst=/v,volume-nocopy,volume-driver=d,volume-opt=a=b,volume-opt=c=d,volume-label=k=v',
	'--mount type=tmpfs,dst=/t,tmpfs-size=10m,tmpfs-mode=1770',
	'--mount dst=/anon',
	'--mount type=bind,src=./x,dst=/y',
	'--mount type=bind,src=/a,dst=/b,bind-recursive=disabled',
	'--mount type=bind,src=/a,dst=/b,ro=true,bind-recursive=writable',
	'--mount type=bind,src=/a,dst=/b,bind-nonrecursive',
	'--mount type=image,src=img,dst=/i,image-subpath=s',
	'--mount type=volume,src=v,dst=/v,volume-subpath=a/b',
	'--tmpfs /run --tmpfs /tmp:size=1m,mode=700',
	'--volumes-from a --volumes-from b:ro --volume-driver d',
	'-m 512m',
	'--memory 1g --memory-swap -1 --memory-reservation 256m --memory-swappiness 10',
	'-m 1.5GiB',
	'-m 1048576',
	'--cpus 1.5',
	'--cpus .25',
	'--cpu-shares 512 --cpu-period 1000 --cpu-quota 500 --cpuset-cpus 0-1 --cpuset-mems 0',
	'-c 5',
	'--cpu-rt-period 1 --cpu-rt-runtime 2',
	'--pids-limit 100',
	'--pids-limit -1',
	'--oom-kill-disable --oom-score-adj 500',
	'--shm-size 64m',
	'--ulimit nofile=1024:2048 --ulimit nproc=5',
	'--ulimit core=-1',
	'--ulimit core=0 --ulimit core=1',
	'--device /dev/null',
	'--device /dev/null:/dev/x',
	'--device /dev/null:/dev/x:r',
	'--device /dev/null:rw',
	'--device vendor.com/gpu=0',
	'--device-cgroup-rule',
	'--blkio-weight 300 --blkio-weight-device /dev/sda:200',
	'--device-read-bps /dev/sda:1mb --device-write-bps /dev/sda:2mb --device-read-iops /dev/sda:3 --device-write-iops /dev/sda:4',
	'--restart always',
	'--restart on-failure:5',
	'--restart unless-stopped',
	'--restart no',
	'--rm',
	'--network none',
	'--network host',
	'--network mynet --network-alias a --network-alias b --ip 10.0.0.2',
	'--net mynet --net-alias c',
	'--network name=n1,alias=x,ip=10.1.1.1,driver-opt=a=b --network n2',
	'--network n1 --network name=n2,gw-priority=5,mac-address=02:00:00:00:00:01',
	'--network container:abc',
	'--mac-address 02:42:00:00:00:01',
	'--network mynet --ip6 fd00::2 --link-local-ip 169.254.1.1 --link a:b',
	'--link a:b --link c',
	'--network bridge',
	'--add-host a:1.2.3.4 --add-host b=::1 --add-host c:host-gateway --add-host d:[::2]',
	'--dns 8.8.8.8 --dns-search example.com --dns-option ndots:2 --dns-opt x',
	'--dns-search .',
	'--log-driver json-file --log-opt max-size=1m --log-opt max-file=2',
	'--log-driver none',
	'--health-cmd true --health-interval 5s --health-timeout 1m30s --health-retries 3 --health-start-period 500ms --health-start-interval 1s',
	'--no-healthcheck',
	'--health-interval 1h',
	'--entrypoint /bin/sh',
	'--entrypoint=',
	'--init',
	'--init=false',
	'--group-add 5 --group-add wheel',
	'--cap-add NET_ADMIN --cap-drop ALL',
	'--privileged',
	'--read-only',
	'--security-opt no-new-privileges',
	'--security-opt seccomp=unconfined --security-opt apparmor=x --security-opt label:disable',
	'--security-opt seccomp=seccomp.json',
	'--security-opt systempaths=unconfined',
	'--sysctl net.core.somaxconn=5 --sysctl kernel.sem=5',
	'--stop-signal SIGUSR1 --stop-timeout 5',
	'--stop-timeout 0',
	'--ipc host --pid host --uts host --userns host --cgroupns host',
	'--pid container:x',
	'--cgroupns private --cgroup-parent /p',
	'--platform linux/arm64',
	'--runtime runc',
	'--annotation a=b --annotation c=d',
	'--gpus all',
	'--gpus 2',
	'--gpus device=0',
	'--gpus device=0,driver=nvidia,capabilities=utility',
	'--gpus "device=0,1"',
	'--storage-opt size=1G',
	'--isolation default',
	'--cidfile cid',
	'--pull never',
	'-q',
];

const wrongs: readonly string[] = [
	'create',
	'create --nope x',
	'create -Z x',
	'create -m zz x',
	'create --cpus',
	'create -p 99999:1 x',
	'create -p a:b x',
	'create --restart always --rm x',
	'create --ulimit bad=1 x',
	'create --mount type=bind,target=/b,foo=1 x',
	'create --mount type=bind x',
	'create -e =x x',
	'create --env-file missing x',
	'create --env-file bad-env x',
	'create --no-healthcheck --health-cmd x x',
	'create --security-opt bogus x',
	'create --pid bogus x',
	'create --uts bogus x',
	'create --userns bogus x',
	'create --memory-swappiness 200 x',
	'create --add-host bogus x',
	'create --add-host a:b x',
	'create --dns bogus x',
	'create --device-read-bps x x',
	'create --expose 1:2 x',
	'create --log-driver none --log-opt a=b x',
	'create --network a --network a x',
	'create --network a --network host x',
	'create --stop-timeout x x',
	'create --health-interval 5 x',
	'create --gpus a=b x',
	'create --restart on-failure:x x',
	'create -a bogus x',
	'create --cpus 1/0 x',
	'create --cpus 0.0000000001 x',
	'create --rm=maybe x',
	'create UPPER',
	'create --pull bogus x',
	'create --sysctl a.b=c x',
	'run -d -a stdout x',
	'run -it x',
	'run',
	'pull',
	'pull a b',
	'pull UPPER',
	'tag a',
	'tag a b c',
	`tag a b@sha256:${'a'.repeat(64)}`,
	'stop',
	'stop -t x a',
	'ps x',
	'ps -f bogus',
	'ps -n x',
	'rename a',
	'logs',
	'logs a b',
	'exec a',
	'bogus',
	'container bogus',
	'container ls x',
	'history',
	'rmi',
	'inspect',
	'images a b',
	'import',
	'version x',
	'start -a a b',
	'start --checkpoint x a',
	'container prune x',
	'container prune -f --filter bogus',
	'-l bogus ps',
	'system df x',
	'system df --format {{.Nope}}',
	'system df -v --format {{.Nope}}',
	'system prune x',
	'system prune --volumes --filter until=1h',
	'image prune x',
	'image prune --filter x',
	'login a b',
	'login -u me host:5000',
	'login --password-stdin host:5000',
	'login -u me -p x --password-stdin host:5000',
	'login -u me -p= host:5000',
	'login -u= -p x host:5000',
	'logout a b',
	'-H',
	'--bogus',
];

const others: readonly string[] = [
	'stop a',
	'stop -t 5 a',
	'stop --timeout 5 -s TERM a',
	'restart a',
	'restart -t 0 -s INT a',
	'kill a',
	'kill -s HUP a',
	'rm a',
	'rm -fv a',
	'rm -l a',
	'pause a',
	'unpause a',
	'rename a b',
	'start a',
	'wait a',
	'ps',
	'ps -a',
	'ps -aq',
	'ps -n 3',
	'ps -l',
	'ps -s',
	'ps -f status=exited -f label=a=b',
	'ps --filter name=x --no-trunc',
	'container ls',
	'container prune',
	'container prune -f',
	'container prune --force --filter until=24h --filter label=a --filter label!=b',
	'container ps -a',
	'images',
	'images -a',
	'images foo:bar',
	'images -f dangling=true',
	'image ls -q',
	'tag a b',
	'tag a b:c',
	'rmi a',
	'rmi -f --no-prune a b',
	'exec -d a cmd -x --y',
	'exec -d -e A=1 -e FROM_OUTSIDE -u 0 -w /x --privileged -t a cmd',
	'exec -d --env-file env a cmd',
	'pull a',
	'pull -q a:b',
	'pull --platform linux/arm64 host:5000/a/b:c',
	`pull a@sha256:${'a'.repeat(64)}`,
	'import - a:b',
	'import -m msg -c "CMD x" - a',
	'import http://x/y.tar',
	'run -d x cmd',
	'run -d --rm --name n x',
	'run -d --detach-keys ctrl-a x',
	'run x',
	'run --detach-keys ctrl-a x',
	'--config keys run x',
	'--config keys run --detach-keys ctrl-a x',
	'--config keys start -a a',
	'--config keys start -a --detach-keys ctrl-a a',
	'start a missing b missing2',
	'run -d x -it --name y',
	'system df',
	'system df -v',
	'system df --format json',
	'system df -v --format json',
	'system df --format "{{json .}}"',
	'system df --format "table {{.Type}}\\t{{.Reclaimable}}"',
	'system df -v --format "{{range .Volumes}}{{.Name}} {{.Links}} {{.Size}};{{end}}"',
	'container prune',
	'container prune -f --filter until=1h --filter label=a=b',
	'image prune',
	'image prune -a',
	'image prune -f',
	'image prune -af --filter label!=x',
	'network prune',
	'network prune -f',
	'builder prune',
	'builder prune -a',
	'builder prune -f --filter until=24h',
	'builder prune -af --keep-storage 2GB',
	'system prune',
	'system prune -a --volumes --filter label=b --filter label!=a',
	'system prune --filter until=1h --filter label=b',
	'system prune -f',
	'system prune -af --volumes --filter label=b',
	'logout',
	'events --format "{{.ID}}/{{.Action}}/{{.Time}}/{{.TimeNano}}"',
	'logout host:5000',
];

function words(line: string): string[] {
	return (line.match(/(?:[^\s"]|"[^"]*")+/g) ?? []).map((word) => word.replaceAll('"', ''));
}

/** Docker's client sends these lists in an order of chance. */
function sorted(requests: readonly Recorded[]): readonly Recorded[] {
	return requests.map((request) => {
		const body = request.body as { Env?: string[]; HostConfig?: { Binds?: string[] } } | null;
		body?.Env?.sort();
		body?.HostConfig?.Binds?.sort();
		return request;
	});
}

/** Waits and inspections beside the point: both CLIs get them done in their own way. */
function compared(requests: readonly Recorded[]): readonly Recorded[] {
	return requests.filter(
		({ path, method }) =>
			requests.length === 1 ||
			!(
				(path.endsWith('/wait') && method === 'POST') ||
				(/^\/containers\/[^/]+\/json$/.test(path) && method === 'GET')
			),
	);
}

function sameWords(text: string): string {
	return text.replaceAll(/docker(?!\.io)/g, 'gantry').replaceAll('Docker', 'Gantry');
}

/** Command lines whose messages are compared whole. */
const told: readonly string[] = [
	'start a missing b missing2',
	// The server takes no attachment over.
	'run --detach-keys bogus x',
	'--config keys exec a cmd',
	'info --format "{{json .ClientInfo.Plugins}}"',
	'port a x',
	'port a 70000/udp',
	'events --format {{.x',
	'events --format {{.Foo}}',
	'create --env-file long-line x',
	'create --env-file longest-line x',
	'create --env-file not-utf8 x',
	'exec -d --env-file not-utf8 a cmd',
	'create --label-file not-utf8 x',
];

describe.skipIf(!comparable)('the requests of the command line', () => {
	for (const line of told) {
		test(`says: ${line}`, async () => {
			const expected = await theirs(words(line));
			const actual = await ours(words(line));
			expect(actual.stderr).toBe(sameWords(expected.stderr));
			expect(actual.stdout).toBe(sameWords(expected.stdout));
			expect(actual.code).toBe(expected.code);
		});
	}
	for (const line of creates) {
		test(`create ${line}`, async () => {
			const extra = line === '--device-cgroup-rule' ? ['--device-cgroup-rule', 'c 1:3 rwm'] : words(line);
			const args = ['create', ...extra, 'image:tag', 'cmd', '-x'];
			const expected = await theirs(args);
			rmSync(join(folder, 'cid'), { force: true });
			const actual = await ours(args);
			rmSync(join(folder, 'cid'), { force: true });
			expect(actual.stderr).toBe(expected.stderr);
			expect(sorted(actual.requests)).toEqual(sorted(expected.requests));
			expect(actual.stdout).toBe(expected.stdout);
			expect(actual.code).toBe(expected.code);
		});
	}
	for (const line of others) {
		test(line, async () => {
			const expected = await theirs(words(line));
			const actual = await ours(words(line));
			expect(compared(actual.requests)).toEqual(compared(expected.requests));
			expect(actual.stdout).toBe(sameWords(expected.stdout));
			expect(actual.code).toBe(expected.code);
		});
	}
	for (const line of wrongs) {
		test(`refuses: ${line}`, async () => {
			const expected = await theirs(words(line));
			const actual = await ours(words(line));
			expect(actual.code).toBe(expected.code);
			expect(actual.stderr.split('\n')[0]).toBe(sameWords(expected.stderr.split('\n')[0] ?? ''));
			expect(actual.requests.length === 0).toBe(expected.requests.length === 0);
		});
	}
	const versioned = [
		'run -d --annotation a=b --gpus all --cgroupns host --platform linux/amd64 x',
		'create --init --health-start-period 1s --health-start-interval 1s x',
		'container create --cpus 1 --stop-timeout 3',
		'exec -d -w / a cmd',
		'update --pids-limit 3 a',
		'rmi --platform linux/amd64 a',
		'save --platform linux/amd64 a',
		'builder prune -f',
		'container prune -f',
		'system df',
	];
	for (const version of ['1.24', '1.30', '1.41']) {
		for (const line of versioned) {
			test(`DOCKER_API_VERSION=${version} ${line}`, async () => {
				const expected = await runOne([docker ?? 'docker'], words(line), version);
				const actual = await runOne([process.execPath, main], words(line), version);
				const wrong = / requires API version /.test(expected.stderr);
				expect(/ requires API version /.test(actual.stderr)).toBe(wrong);
				if (!wrong) return;
				const said = expected.stderr.replace(/^DEPRECATED: [\s\S]*?\n\n/, '');
				expect(actual.stderr).toBe(sameWords(said));
				expect(actual.code).toBe(expected.code);
				expect(actual.requests).toEqual([]);
			});
		}
	}
});
