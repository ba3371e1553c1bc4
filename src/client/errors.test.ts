import { expect, test } from 'bun:test';
import { parseEndpoint } from './endpoint.ts';
import { connectError, requestText } from './errors.ts';

const failure = (code: string) => Object.assign(new Error(code), { code });

test('a socket that may not be opened is named with the request and the reason', () => {
	const endpoint = parseEndpoint('unix:///run/a b.sock', null);
	const asked = requestText('DELETE', endpoint, '/v1.51/images/x');
	expect(connectError(failure('EACCES'), endpoint, asked).message).toBe(
		'permission denied while trying to connect to the Gantry daemon socket at unix:///run/a b.sock: ' +
			'Delete "http://%2Frun%2Fa%20b.sock/v1.51/images/x": dial unix /run/a b.sock: connect: permission denied',
	);
});

test('a host that has no address is named with the request', () => {
	const endpoint = parseEndpoint('tcp://nowhere:1/base', { ca: '', cert: '', key: '', verify: true });
	const asked = requestText('GET', endpoint, '/base/v1.51/info');
	expect(connectError(failure('ENOTFOUND'), endpoint, asked).message).toBe(
		'error during connect: Get "https://nowhere:1/base/v1.51/info": dial tcp: lookup nowhere: no such host',
	);
});
