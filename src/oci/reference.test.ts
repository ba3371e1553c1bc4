import { describe, expect, test } from 'bun:test';
import { familiarName, familiarString, isTag, parseReference, printReference, withDefaultTag } from './reference.ts';

const digest = `sha256:${'a'.repeat(64)}`;

const good: readonly [text: string, full: string, familiar: string][] = [
	['alpine', 'docker.io/library/alpine', 'alpine'],
	['alpine:3.20', 'docker.io/library/alpine:3.20', 'alpine:3.20'],
	['library/alpine', 'docker.io/library/alpine', 'alpine'],
	['docker.io/alpine', 'docker.io/library/alpine', 'alpine'],
	['index.docker.io/alpine', 'docker.io/library/alpine', 'alpine'],
	['docker.io/library/alpine', 'docker.io/library/alpine', 'alpine'],
	['user/app', 'docker.io/user/app', 'user/app'],
	['library/a/b', 'docker.io/library/a/b', 'library/a/b'],
	['localhost/app', 'localhost/app', 'localhost/app'],
	['localhost:5000/app:x', 'localhost:5000/app:x', 'localhost:5000/app:x'],
	['localhost', 'docker.io/library/localhost', 'localhost'],
	['Host/app', 'Host/app', 'Host/app'],
	['127.0.0.1:5000/a/b/c:1', '127.0.0.1:5000/a/b/c:1', '127.0.0.1:5000/a/b/c:1'],
	['[::1]:5000/app', '[::1]:5000/app', '[::1]:5000/app'],
	['[2001:db8::1]/app:v', '[2001:db8::1]/app:v', '[2001:db8::1]/app:v'],
	[`alpine@${digest}`, `docker.io/library/alpine@${digest}`, `alpine@${digest}`],
	[`alpine:3@${digest}`, `docker.io/library/alpine:3@${digest}`, `alpine:3@${digest}`],
	['a__b/c--d.e_f', 'docker.io/a__b/c--d.e_f', 'a__b/c--d.e_f'],
	['foo:5000', 'docker.io/library/foo:5000', 'foo:5000'],
	['foo.com/bar', 'foo.com/bar', 'foo.com/bar'],
	[`${'a'.repeat(247)}`, `docker.io/library/${'a'.repeat(247)}`, 'a'.repeat(247)],
];

const bad: readonly [text: string, message: string][] = [
	['', 'invalid reference format'],
	['Foo', 'invalid reference format: repository name (library/Foo) must be lowercase'],
	['user/Foo:tag', 'invalid reference format: repository name (user/Foo) must be lowercase'],
	['foo:', 'invalid reference format'],
	['foo: x', 'invalid reference format'],
	[':tag', 'invalid reference format'],
	['foo/', 'invalid reference format'],
	['/foo', 'invalid reference format'],
	['foo//bar', 'invalid reference format'],
	['-foo', 'invalid reference format'],
	['foo_', 'invalid reference format'],
	['a___b', 'invalid reference format'],
	['a..b', 'invalid reference format'],
	['foo@sha256:abc', 'invalid reference format'],
	[`foo@md5:${'a'.repeat(32)}`, 'unsupported digest algorithm'],
	[`foo@sha256:${'a'.repeat(40)}`, 'invalid reference format: invalid checksum digest length'],
	[`foo@sha256:${'A'.repeat(64)}`, 'invalid reference format: invalid checksum digest format'],
	['foo.com:port/bar', 'invalid reference format'],
	[`foo:${'t'.repeat(129)}`, 'invalid reference format'],
	['a'.repeat(248), 'invalid reference format: repository name must not be more than 255 characters'],
	['b'.repeat(64), `invalid repository name (${'b'.repeat(64)}), cannot specify 64-byte hexadecimal strings`],
	['foo\n', 'invalid reference format'],
	['föö', 'invalid reference format'],
	['http://foo/bar', 'invalid reference format'],
	['a/'.repeat(5000), 'invalid reference format'],
];

describe('references', () => {
	test.each(good)('%s', (text, full, familiar) => {
		const reference = parseReference(text);
		expect(printReference(reference)).toBe(full);
		expect(familiarString(reference)).toBe(familiar);
		expect(parseReference(full)).toEqual(reference);
		expect(parseReference(familiar)).toEqual(reference);
	});

	test.each(bad)('refuses %j', (text, message) => {
		let thrown: unknown;
		try {
			parseReference(text);
		} catch (error) {
			thrown = error;
		}
		expect(thrown).toMatchObject({ code: 'invalid_argument', message });
	});

	test('the default tag is for names alone', () => {
		expect(withDefaultTag(parseReference('alpine')).tag).toBe('latest');
		expect(withDefaultTag(parseReference('alpine:3')).tag).toBe('3');
		expect(withDefaultTag(parseReference(`alpine@${digest}`)).tag).toBeUndefined();
		expect(familiarName(parseReference('docker.io/library/alpine:3'))).toBe('alpine');
	});

	test('tags', () => {
		expect(isTag('v1.0_x-y')).toBe(true);
		for (const text of ['', '.x', '-x', 'a b', 'a:b', 'x'.repeat(129)]) expect(isTag(text)).toBe(false);
	});

	test('a hostile text takes no time', () => {
		const begin = performance.now();
		expect(() => parseReference(`${'a-'.repeat(500)}!`)).toThrow('invalid reference format');
		expect(() => parseReference(`${'a.'.repeat(500)}!/x`)).toThrow('invalid reference format');
		expect(performance.now() - begin).toBeLessThan(1000);
	});
});
