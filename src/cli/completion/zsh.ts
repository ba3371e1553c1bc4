import { scriptCommand } from './script-command.ts';

const script = (descriptions: boolean) => `#compdef gantry
# zsh completion for gantry.
# In this shell:   source <(gantry completion zsh)
# For good:        gantry completion zsh > "\${fpath[1]}/_gantry"

_gantry() {
	local line value about code=1
	local -a candidates space
	while IFS= read -r line; do
		if [[ $line =~ '^:[0-9]+$' ]]; then
			code=\${line#:}
			continue
		fi
		value=\${line%%$'\\t'*}
		about=\${line#*$'\\t'}
		value=\${value//:/\\\\:}
		${descriptions ? `if [[ $line == *$'\\t'* ]]; then candidates+=("$value:$about"); else candidates+=("$value"); fi` : 'candidates+=("$value")'}
	done < <(command "\${words[1]}" __complete "\${(@)words[2,CURRENT-1]}" "\${words[CURRENT]}" 2>/dev/null)
	(( (code & 2) != 0 )) && space=(-S '')
	if (( \${#candidates} > 0 )); then
		_describe -V completions candidates "\${space[@]}" && return 0
	fi
	if (( (code & 16) != 0 )); then
		_files -/
	elif (( (code & 5) == 0 )); then
		_files
	fi
}

if [[ "\${funcstack[1]}" == _gantry ]]; then
	_gantry
elif (( $+functions[compdef] )); then
	compdef _gantry gantry
fi
`;

export const command = scriptCommand('zsh', script);
