import { scriptCommand } from './script-command.ts';

/** Bash cuts words at `=` and `:`; they are put together again for us, and the candidates cut for bash. */
const script = () => `# bash completion for gantry.
# In this shell:   source <(gantry completion bash)
# For good:        gantry completion bash > /etc/bash_completion.d/gantry

_gantry_words() {
	local i word blanks rest=\${COMP_LINE:0:COMP_POINT}
	words=()
	for ((i = 0; i <= COMP_CWORD; i++)); do
		blanks=\${rest%%[![:blank:]]*}
		rest=\${rest#"$blanks"}
		word=\${COMP_WORDS[i]:0:\${#rest}}
		rest=\${rest:\${#word}}
		if ((i > 0)) && [[ $blanks == '' ]]; then words[\${#words[@]} - 1]+=$word; else words+=("$word"); fi
	done
}

_gantry() {
	local -a words=() candidates=()
	local line value code=1 cut current
	COMPREPLY=()
	_gantry_words
	current=\${words[\${#words[@]} - 1]}
	while IFS= read -r line; do
		if [[ $line =~ ^:[0-9]+$ ]]; then code=\${line#:}; else candidates+=("\${line%%$'\\t'*}"); fi
	done < <(command "\${words[0]}" __complete "\${words[@]:1}" 2>/dev/null)
	cut=
	if [[ $current == *[=:]* && $COMP_WORDBREAKS == *[=:]* ]]; then cut=\${current%"\${current##*[=:]}"}; fi
	for value in "\${candidates[@]}"; do COMPREPLY+=("\${value#"$cut"}"); done
	if (((code & 2) != 0)); then compopt -o nospace 2>/dev/null; fi
	if (((code & 16) != 0)); then compopt -o dirnames 2>/dev/null
	elif (((code & 5) == 0)); then compopt -o default 2>/dev/null; fi
}

complete -F _gantry gantry
`;

export const command = scriptCommand('bash', script);
