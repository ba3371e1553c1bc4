import { scriptCommand } from './script-command.ts';

const script = (descriptions: boolean) => `# fish completion for gantry.
# In this shell:   gantry completion fish | source
# For good:        gantry completion fish > ~/.config/fish/completions/gantry.fish

function __gantry_complete
	set -l words (commandline --tokenize --cut-at-cursor)
	set -l current (commandline --current-token --cut-at-cursor)
	set -l lines (command $words[1] __complete $words[2..-1] "$current" 2>/dev/null)
	set -l code (string replace ':' '' -- $lines[-1])
	if test (count $lines) -gt 1
		${descriptions ? 'printf "%s\\n" $lines[1..-2]' : 'string replace --regex "\\t.*" "" -- $lines[1..-2]'}
	end
	if string match --quiet --regex '^\\d+$' -- "$code"
		if test (math "bitand($code, 16)") -ne 0
			__fish_complete_directories "$current"
		else if test (math "bitand($code, 5)") -eq 0
			__fish_complete_path "$current"
		end
	end
end

complete --command gantry --no-files --keep-order --arguments '(__gantry_complete)'
`;

export const command = scriptCommand('fish', script);
