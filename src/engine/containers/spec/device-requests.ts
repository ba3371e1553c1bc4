import { EngineError } from '../../../errors.ts';
import type { DeviceRequest } from '../model.ts';

/** @throws `invalid_argument` in dockerd's words for a driver that is not there, `unsupported` for CDI */
export function checkDeviceRequests(requests: readonly DeviceRequest[]): void {
	const request = requests[0];
	if (request === undefined) return;
	if (request.driver === 'cdi') {
		throw new EngineError(
			'unsupported',
			`CDI device injection is not supported by this version of Gantry: ${request.deviceIds.join(', ')}`,
		);
	}
	const capabilities = `[${request.capabilities.map((words) => `[${words.join(' ')}]`).join(' ')}]`;
	throw new EngineError(
		'invalid_argument',
		`could not select device driver ${JSON.stringify(request.driver)} with capabilities: ${capabilities}`,
	);
}
