/** Levels in order of importance. */
export const logLevels = ['debug', 'info', 'warn', 'error', 'fatal'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Writes one line per message. */
export interface Logger {
	debug(message: string): void;
	info(message: string): void;
	warn(message: string): void;
	error(message: string): void;
}

/** A logger in logfmt, as `time=… level=… msg=…`, to `write`. `level` is asked for each message. */
export function createLogger(level: () => LogLevel, write: (line: string) => void): Logger {
	const log = (at: LogLevel) => (message: string) => {
		if (logLevels.indexOf(at) < logLevels.indexOf(level())) return;
		write(`time="${new Date().toISOString()}" level=${at} msg=${JSON.stringify(message)}\n`);
	};
	return { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };
}
