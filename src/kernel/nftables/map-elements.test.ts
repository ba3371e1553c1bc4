import { expect, test } from 'bun:test';
import { encodeMessage } from '../netlink/message.ts';
import { encodeElement } from './map-elements.ts';

// What `nft --debug=mnl add element ip gantry-gantry0 ports { 10.0.0.1 . tcp . 9000 : 172.17.0.3 . 81 }` sends, without
// the optional set id and with our order of attributes.
const golden = [
	'02000000',
	'13000100 67616e74 72792d67 616e7472 79300000',
	'0a000200 706f7274 73000000',
	'2c000380',
	'28000180',
	'14000180 10000100 0a000001 06000000 23280000',
	'10000280 0c000100 ac110003 00510000',
]
	.join('')
	.replaceAll(' ', '');

const element = {
	map: 'ports',
	key: Buffer.from('0a0000010600000023280000', 'hex'),
	data: Buffer.from('ac11000300510000', 'hex'),
};

test('an added element is laid out as nft does it', () => {
	const request = encodeElement('add', 'gantry-gantry0', element);
	expect(request.type).toBe(0xa0c);
	expect(request.body.toString('hex')).toBe(golden);
	expect(encodeMessage(request, 7).subarray(0, 16).toString('hex')).toBe('600000000c0a00040700000000000000');
});

test('a deleted element is named by its key alone', () => {
	const request = encodeElement('delete', 'gantry-gantry0', element);
	expect(request.type).toBe(0xa0e);
	expect(request.body.toString('hex')).toEndWith(
		'1c000380' + '18000180' + '14000180' + '10000100' + '0a0000010600000023280000',
	);
	expect(request.body.toString('hex')).not.toContain('ac110003');
});
