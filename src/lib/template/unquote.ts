const simple: Readonly<Record<string, string>> = {
	a: '\x07',
	b: '\b',
	f: '\f',
	n: '\n',
	r: '\r',
	t: '\t',
	v: '\v',
	'\\': '\\',
	"'": "'",
	'"': '"',
};

/** The value of a Go string, raw string or rune literal. */
export function unquote(literal: string): string {
	const body = literal.slice(1, -1);
	if (literal.startsWith('`')) return body.replaceAll('\r', '');
	return body.replace(/\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}|.)/gsu, (whole, code: string) => {
		if (/^[xuU]./.test(code)) return String.fromCodePoint(Number.parseInt(code.slice(1), 16));
		if (/^[0-7]{3}$/.test(code)) return String.fromCodePoint(Number.parseInt(code, 8));
		return simple[code] ?? whole;
	});
}

/** A Go string literal in double quotes, as `%q` and the parser's messages show it. */
export function quote(text: string): string {
	let quoted = '"';
	for (const char of text) {
		const code = char.codePointAt(0) ?? 0;
		const short = Object.entries(simple).find(([name, value]) => value === char && name !== "'");
		if (short !== undefined) quoted += `\\${short[0]}`;
		else if (code < 0x20 || code === 0x7f) quoted += `\\x${code.toString(16).padStart(2, '0')}`;
		else quoted += char;
	}
	return `${quoted}"`;
}
