import { expect, test } from 'bun:test';
import { align, formatList } from './table.ts';

const headers = { ID: 'CONTAINER ID', Image: 'IMAGE', Names: 'NAMES', Status: 'STATUS', Labels: 'LABELS' };
const row = {
	ID: 'f78860fb37f5',
	Image: 'qa-fixture:1',
	Names: 'web',
	Status: 'Created',
	Label: (name: unknown) => (name === 'com.example.some-thing' ? 'z' : ''),
};
const list = (format: string, rows: object[] = [row]) =>
	formatList({
		format,
		defaultTable: '{{.ID}}\t{{.Image}}\t{{.Names}}',
		raw: 'id: {{.ID}}',
		headers,
		typeName: '*formatter.ContainerContext',
		rows,
	});

test('the default table', () => {
	expect(list('')).toBe('CONTAINER ID   IMAGE          NAMES\nf78860fb37f5   qa-fixture:1   web\n');
	expect(list('table')).toBe(list(''));
	expect(list('', [])).toBe('CONTAINER ID   IMAGE     NAMES\n');
});

test('a table of one’s own, as the docker CLI printed it', () => {
	const format =
		'table {{.ID}}\\t{{.Names}}\\t{{.Label "com.example.some-thing"}}\\t{{truncate .Image 5}}\\t{{json .Status}}';
	expect(list(format)).toBe(
		'CONTAINER ID   NAMES     some thing   IMAGE     STATUS\nf78860fb37f5   web       z            qa-fi     "Created"\n',
	);
});

test('json has one object per line, its keys sorted, and no methods', () => {
	expect(list('json', [row, row])).toBe(
		`${'{"ID":"f78860fb37f5","Image":"qa-fixture:1","Names":"web","Status":"Created"}\n'.repeat(2)}`,
	);
});

test('templates and raw', () => {
	expect(list('{{.ID}}\\t{{.Names}}')).toBe('f78860fb37f5\tweb\n');
	expect(list('raw')).toBe('id: f78860fb37f5\n');
});

test('errors are the docker CLI’s', () => {
	expect(() => list('{{.Foo}}')).toThrow(
		`template parsing error: template: :1:2: executing "" at <.Foo>: can't evaluate field Foo in type *formatter.ContainerContext`,
	);
	expect(() => list('{{')).toThrow('template parsing error: template: :1: unclosed action');
});

test('columns are aligned over the lines that have them, in characters', () => {
	expect(align('a\tb\nlonger than ten\tc\n')).toBe('a                 b\nlonger than ten   c\n');
	expect(align('a…\tb\nplain\nx\ty')).toBe('a…        b\nplain\nx         y');
});
