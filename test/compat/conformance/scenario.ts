import type { Answer, Asked } from './http.ts';
import type { World } from './world.ts';

/**
 * Asks the operation of the scenario, and fails unless the status is this one, is declared, and the body fits its schema.
 * `id` fills `{id}` or `{name}` in the path.
 */
export type Call = (status: number, asked?: Asked & { readonly id?: string }) => Promise<Answer>;

/** Exercises one operation with real objects. */
export type Scenario = (call: Call, world: World) => Promise<void>;

/** Scenarios by operation id. */
export type Scenarios = Readonly<Record<string, Scenario>>;

/** The body, parsed. */
export function json<T = Record<string, unknown>>(answer: Answer): T {
	return JSON.parse(answer.text) as T;
}
