import { constants } from 'node:os';
import { EngineError } from '../errors.ts';

const highestSignal = 64;
const realTimeMinimum = 34;

/**
 * The number of a signal given as `KILL`, `SIGKILL`, `sigkill`, `RTMIN+3` or `9`.
 * @throws EngineError `invalid_argument` (`invalid signal: X`).
 */
export function parseSignal(text: string): number {
	const invalid = () => new EngineError('invalid_argument', `invalid signal: ${text}`);
	if (/^\d+$/.test(text)) {
		const number = Number(text);
		if (number < 1 || number > highestSignal) throw invalid();
		return number;
	}
	const name = text.toUpperCase().replace(/^SIG/, '');
	const realTime = /^RT(MIN|MAX)([+-]\d{1,2})?$/.exec(name);
	if (realTime !== null) {
		const number = (realTime[1] === 'MIN' ? realTimeMinimum : highestSignal) + Number(realTime[2] ?? 0);
		if (number < realTimeMinimum || number > highestSignal) throw invalid();
		return number;
	}
	const number = (constants.signals as Record<string, number | undefined>)[`SIG${name}`];
	if (number === undefined) throw invalid();
	return number;
}
