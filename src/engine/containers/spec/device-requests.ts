import { EngineError } from '../../../errors.ts';
import type { DeviceRequest } from '../model.ts';

/** Qualified names of the CDI devices that are asked for. @throws `invalid_argument` in dockerd's words for other drivers */
export function cdiNames(requests: readonly DeviceRequest[]): readonly string[] {
	return requests.flatMap((request) => {
		if (request.driver === 'cdi') return request.deviceIds;
		const capabilities = `[${request.capabilities.map((words) => `[${words.join(' ')}]`).join(' ')}]`;
		throw new EngineError(
			'invalid_argument',
			`could not select device driver ${JSON.stringify(request.driver)} with capabilities: ${capabilities}`,
		);
	});
}
