/** All that may be passed on: not KILL and STOP (nobody sees them), not CHLD, PIPE, URG and WINCH (ours alone). */
const forwarded: readonly NodeJS.Signals[] = [
	'SIGHUP',
	'SIGINT',
	'SIGQUIT',
	'SIGTERM',
	'SIGUSR1',
	'SIGUSR2',
	'SIGALRM',
	'SIGCONT',
	'SIGTSTP',
	'SIGTTIN',
	'SIGTTOU',
];

/** Sends the signals that we get to `send`, by name without SIG. Returns how to stop. */
export function forwardSignals(send: (signal: string) => void): () => void {
	const handlers = forwarded.map((signal) => {
		const handler = () => send(signal.slice(3));
		process.on(signal, handler);
		return () => process.off(signal, handler);
	});
	return () => {
		for (const stop of handlers) stop();
	};
}
