import { EngineError } from '../../errors.ts';
import type { Route } from './router.ts';

/** What the Engine API 1.51 has and we do not serve yet. Source: the API's path list. */
const paths = `
POST /build|POST /build/cancel|POST /session|POST /grpc|GET /distribution/{name...}/json
POST /images/{name...}/push|GET /images/search|GET /images/{name...}/get|GET /images/get
DELETE /networks/{id}|POST /networks/create|POST /networks/{id}/connect|POST /networks/{id}/disconnect
GET /plugins|GET /plugins/privileges|POST /plugins/pull|GET /plugins/{name...}/json|DELETE /plugins/{name...}
POST /plugins/{name...}/enable|POST /plugins/{name...}/disable|POST /plugins/{name...}/upgrade|POST /plugins/create
POST /plugins/{name...}/push|POST /plugins/{name...}/set
GET /nodes|GET /nodes/{id}|DELETE /nodes/{id}|POST /nodes/{id}/update
GET /swarm|POST /swarm/init|POST /swarm/join|POST /swarm/leave|POST /swarm/update|GET /swarm/unlockkey|POST /swarm/unlock
GET /services|POST /services/create|GET /services/{id}|DELETE /services/{id}|POST /services/{id}/update|GET /services/{id}/logs
GET /tasks|GET /tasks/{id}|GET /tasks/{id}/logs
GET /secrets|POST /secrets/create|GET /secrets/{id}|DELETE /secrets/{id}|POST /secrets/{id}/update
GET /configs|POST /configs/create|GET /configs/{id}|DELETE /configs/{id}|POST /configs/{id}/update`;

/** Routes that answer 501 and say so; they come after all others. */
export function notServedRoutes(): readonly Route[] {
	return paths
		.trim()
		.split(/[|\n]/)
		.map((line) => {
			const [method = '', pattern = ''] = line.split(' ');
			return {
				method: method as Route['method'],
				pattern,
				handler() {
					throw new EngineError(
						'unsupported',
						`${method} ${pattern.replaceAll('...', '')} is not supported by this version of Gantry`,
					);
				},
			};
		});
}
