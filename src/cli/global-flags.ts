import { bool, type FlagDef, list, string } from './command.ts';

/** The flags that stand before the command. */
export const globalFlags: readonly FlagDef[] = [
	string('config', '', 'Folder of the client configuration (default: ~/.docker)'),
	string('context', 'c', 'Context to work with, whatever the environment says (see gantry context)'),
	bool('debug', 'D', 'Show the requests sent to the daemon'),
	list('host', 'H', 'Socket of the daemon to talk to'),
	string('log-level', 'l', 'Least level of messages to show (debug, info, warn, error, fatal)', 'info'),
	bool('tls', '', 'Use TLS; --tlsverify implies it'),
	string('tlscacert', '', 'Trust only certificates signed by this CA'),
	string('tlscert', '', 'TLS certificate of the client'),
	string('tlskey', '', 'TLS key of the client'),
	bool('tlsverify', '', 'Use TLS and check the daemon’s certificate'),
	bool('version', 'v', 'Print the version of the client and quit'),
];
