import { describe, expect, test } from 'bun:test';
import { compileTemplate, parsingError, renderInspect, TemplateError } from './template.ts';
import fixture from './testdata/docker-format.json';

/** What Docker's CLI 28.2 printed: template, output, message. */
type Case = readonly [template: string, output: string, message: string];

function run(template: string, data: unknown): { output: string; message: string } {
	try {
		return { output: compileTemplate(template)(data), message: '' };
	} catch (error) {
		if (!(error instanceof TemplateError)) throw error;
		const parsing = !error.message.includes(': executing ');
		return { output: '', message: parsing ? parsingError(error).message : error.message };
	}
}

describe('templates print what the docker CLI printed', () => {
	for (const [template, output, message] of fixture.literals as unknown as Case[]) {
		test(template, () => {
			const got = run(template, {});
			expect(got.message).toBe(message.trimStart());
			if (message === '') expect(got.output).toBe(output);
		});
	}
});

describe('templates over an inspect document', () => {
	for (const [template, output, message] of fixture.inspect.cases as unknown as Case[]) {
		test(template, () => {
			const render = () => renderInspect(template, fixture.inspect.doc);
			if (message === '') expect(render()).toBe(output);
			else expect(render).toThrow(new TemplateError(message));
		});
	}
});

test('function members take the arguments behind them', () => {
	const row = { Label: (name: unknown) => `<${name}>`, Names: () => 'web' };
	expect(compileTemplate('{{.Label "a"}} {{.Names}} {{"b" | .Label}}')(row)).toBe('<a> web <b>');
});

test('a missing key prints no value over raw maps and fails over structs', () => {
	expect(compileTemplate('{{.a.b}} {{.x}}')({ a: {} })).toBe('<no value> <no value>');
	const strict = compileTemplate('{{.Foo}}', { missing: 'field-error', typeName: '*formatter.ContainerContext' });
	expect(() => strict({})).toThrow(
		`template: :1:2: executing "" at <.Foo>: can't evaluate field Foo in type *formatter.ContainerContext`,
	);
});

test('members of the prototype are not data', () => {
	expect(compileTemplate('{{.constructor}}{{.__proto__}}{{.toString}}')({})).toBe('<no value><no value><no value>');
});

test('a template that calls itself ends', () => {
	expect(() => compileTemplate('{{define "t"}}{{template "t"}}{{end}}{{template "t"}}')({})).toThrow(
		'maximum template depth',
	);
});
