import { scriptCommand } from './script-command.ts';

const script = (descriptions: boolean) => `# PowerShell completion for gantry.
# In this shell:   gantry completion powershell | Out-String | Invoke-Expression
# For good:        the same line in your profile

Register-ArgumentCompleter -Native -CommandName 'gantry' -ScriptBlock {
	param($wordToComplete, $commandAst, $cursorPosition)
	$words = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { "$_" })
	$program = $words[0]
	$before = @($words | Select-Object -Skip 1)
	# An empty argument is lost on its way to a program before PowerShell 7.3.
	$current = if ($wordToComplete -eq '' -and $PSVersionTable.PSVersion -lt [version]'7.3') { '""' } else { $wordToComplete }
	$lines = @(& $program __complete @before $current 2>$null)
	foreach ($line in $lines) {
		if ($line -match '^:\\d+$') { continue }
		$value, $about = $line -split "\`t", 2
		if (-not $about) { $about = $value }
		[System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', ${descriptions ? '$about' : '$value'})
	}
}
`;

export const command = scriptCommand('PowerShell', script);
