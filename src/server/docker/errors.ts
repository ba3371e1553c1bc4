import { codeOf, type ErrorCode, messageOf } from '../../errors.ts';

/** The only place where an error code becomes an HTTP status. */
const statuses: Readonly<Record<ErrorCode, number>> = {
	invalid_argument: 400,
	not_found: 404,
	conflict: 409,
	not_modified: 304,
	unauthorized: 401,
	forbidden: 403,
	unsupported: 501,
	unavailable: 503,
	timeout: 500,
	cancelled: 499,
	corrupt: 500,
	exhausted: 507,
	internal: 500,
};

/** What to answer for whatever was thrown. */
export function errorResponse(error: unknown): { readonly status: number; readonly message: string } {
	return { status: statuses[codeOf(error)], message: messageOf(error) };
}
