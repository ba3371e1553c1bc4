import { describe, expect, test } from 'bun:test';
import type { ImageExecConfig } from '../../../oci/types.ts';
import { applyChanges } from './changes.ts';

describe('changes', () => {
	test.each<[string[], ImageExecConfig]>([
		[['CMD ["a", "b c"]'], { Cmd: ['a', 'b c'] }],
		[['cmd echo hi'], { Cmd: ['/bin/sh', '-c', 'echo hi'] }],
		[['CMD [ -f x ] && y'], { Cmd: ['/bin/sh', '-c', '[ -f x ] && y'] }],
		[['CMD ["old"]', 'ENTRYPOINT ["a"]'], { Entrypoint: ['a'], Cmd: null }],
		[['ENV A=1 B="two words" C=a\\ b', 'ENV A=2'], { Env: ['A=2', 'B=two words', 'C=a b'] }],
		[['ENV A one two'], { Env: ['A=one two'] }],
		[["LABEL a='x y' b="], { Labels: { a: 'x y', b: '' } }],
		[['EXPOSE 80 53/udp 8000-8001'], { ExposedPorts: { '80/tcp': {}, '53/udp': {}, '8000/tcp': {}, '8001/tcp': {} } }],
		[['USER me:you'], { User: 'me:you' }],
		[['WORKDIR /a/../b', 'WORKDIR c'], { WorkingDir: '/b/c' }],
		[['VOLUME /a /b', 'VOLUME ["/c d"]'], { Volumes: { '/a': {}, '/b': {}, '/c d': {} } }],
		[['ONBUILD RUN x'], { OnBuild: ['RUN x'] }],
		[['STOPSIGNAL SIGTERM'], { StopSignal: 'SIGTERM' }],
		[
			['HEALTHCHECK --interval=1m30s --retries=3 CMD curl x'],
			{ Healthcheck: { Interval: 9e10, Retries: 3, Test: ['CMD-SHELL', 'curl x'] } },
		],
		[['HEALTHCHECK CMD ["a"]'], { Healthcheck: { Test: ['CMD', 'a'] } }],
		[['HEALTHCHECK NONE'], { Healthcheck: { Test: ['NONE'] } }],
		[['# a comment', '', 'USER x'], { User: 'x' }],
		[['USER x\nWORKDIR /y'], { User: 'x', WorkingDir: '/y' }],
	])('%j', (changes, config) => {
		expect(applyChanges({}, changes)).toEqual(config);
	});

	test.each<[string, string]>([
		['RUN x', 'RUN is not a valid change command'],
		['COPY a b', 'COPY is not a valid change command'],
		['CMD', 'CMD requires an argument'],
		['ENV A', 'ENV must have two arguments'],
		['ENV =x', 'ENV names can not be blank'],
		['ENV A=1 B', "can't find ="],
		['LABEL a="x', 'looking for matching quote'],
		['EXPOSE 0', 'invalid containerPort: 0'],
		['EXPOSE 70000', 'invalid containerPort: 70000'],
		['EXPOSE 5-4', 'invalid containerPort: 5-4'],
		['EXPOSE 80/icmp', 'invalid containerPort: 80/icmp'],
		['VOLUME [""]', 'VOLUME specified can not be an empty string'],
		['ONBUILD ONBUILD RUN x', 'Chaining ONBUILD'],
		['ONBUILD FROM x', "FROM isn't allowed as an ONBUILD trigger"],
		['STOPSIGNAL a b', 'invalid signal: a b'],
		['HEALTHCHECK x', 'Unknown type "x" in HEALTHCHECK (try CMD)'],
		['HEALTHCHECK CMD', 'Missing command after HEALTHCHECK CMD'],
		['HEALTHCHECK --interval=soon CMD x', 'invalid duration "soon"'],
		['HEALTHCHECK --what=1 CMD x', 'unknown or invalid HEALTHCHECK option --what=1'],
		['__proto__ x', '__proto__ is not a valid change command'],
	])('refuses %j', (change, message) => {
		expect(() => applyChanges({}, [change])).toThrow(message);
	});

	test('leaves the given config alone', () => {
		const base: ImageExecConfig = { Env: ['A=1'], Labels: { a: 'b' } };
		applyChanges(base, ['ENV A=2', 'LABEL a=c']);
		expect(base).toEqual({ Env: ['A=1'], Labels: { a: 'b' } });
	});
});
