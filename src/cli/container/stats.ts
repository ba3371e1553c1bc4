import type { ContainerStatsResponse } from '../../api/stats.ts';
import { type ApiClient, type ApiResponse, jsonLines } from '../../client/client.ts';
import { containersOf } from '../../client/containers.ts';
import { systemOf } from '../../client/system.ts';
import { codeOf, EngineError, messageOf } from '../../errors.ts';
import { bool, type CommandDef, type Context } from '../command.ts';
import { listFormat } from '../filters.ts';
import type { Flags } from '../flags.ts';
import { formatList } from '../render/table.ts';
import { usageHeaders, usageRow } from './usage.ts';

/** Milliseconds between two pictures. */
const frame = 500;
/** Milliseconds after which a reading is too old to be shown. */
const freshness = 2000;

export const command: CommandDef = {
	usage: '[OPTIONS] [CONTAINER...]',
	summary: 'Show what containers use, as it changes',
	arity: { min: 0, max: Number.POSITIVE_INFINITY },
	flags: [
		bool('all', 'a', 'Show those that do not run, too'),
		listFormat,
		bool('no-stream', '', 'Show one reading and end'),
		bool('no-trunc', '', 'Show everything in full'),
	],
	async run(context, flags, names) {
		const format = flags.string('format') || ((await context.config()).statsFormat ?? '');
		const client = await context.client();
		const watch = createWatch(client, !flags.bool('no-stream'));
		if (names.length > 0) await watchNamed(watch, names);
		else await watchAll(client, watch, flags);
		if (flags.bool('no-stream')) context.stdout.write(picture(watch, flags, format));
		else await paint(context, watch, () => picture(watch, flags, format), names.length === 0);
		watch.close();
		return 0;
	},
};

/** A container that is shown. */
interface Watched {
	readonly id: string;
	/** The last reading, and when it came. */
	stats: ContainerStatsResponse | null;
	at: number;
	/** Settles with the first reading or failure. */
	readonly first: Promise<void>;
	failure: Error | null;
	response: ApiResponse | null;
}

interface Watch {
	readonly shown: Map<string, Watched>;
	/** Reads a container from now on; nothing when it is read already. */
	add(id: string): Watched;
	drop(id: string): void;
	/** Rejects when what was followed has failed. */
	failed: Promise<never> | null;
	close(): void;
}

function createWatch(client: ApiClient, stream: boolean): Watch {
	const shown = new Map<string, Watched>();
	const read = async (watched: Watched, told: () => void): Promise<void> => {
		try {
			watched.response = await containersOf(client).stats(watched.id, stream);
			for await (const stats of jsonLines<ContainerStatsResponse>(watched.response.body)) {
				watched.stats = stats;
				watched.at = performance.now();
				told();
			}
			if (stream) shown.delete(watched.id);
		} catch (error) {
			watched.failure = error instanceof Error ? error : new Error(String(error));
			watched.stats = null;
		}
		told();
	};
	return {
		shown,
		failed: null,
		add(id) {
			const known = shown.get(id);
			if (known !== undefined) return known;
			const { promise, resolve } = Promise.withResolvers<void>();
			const watched: Watched = { id, stats: null, at: 0, first: promise, failure: null, response: null };
			shown.set(id, watched);
			void read(watched, resolve);
			return watched;
		},
		drop(id) {
			const watched = shown.get(id);
			shown.delete(id);
			watched?.response?.cancel();
		},
		close() {
			for (const { response } of shown.values()) response?.cancel();
		},
	};
}

/** @throws EngineError with all that went wrong, a line each */
async function watchNamed(watch: Watch, names: readonly string[]): Promise<void> {
	const watched = names.map((name) => watch.add(name));
	await Promise.all(watched.map(({ first }) => first));
	const failures = watched.map(({ failure }) => failure).filter((failure) => failure !== null);
	const [failure] = failures;
	if (failure === undefined) return;
	throw new EngineError(codeOf(failure), failures.map(messageOf).join('\n'));
}

/** All that run, or all that there are; those that come later come by events. */
async function watchAll(client: ApiClient, watch: Watch, flags: Flags): Promise<void> {
	const all = flags.bool('all');
	if (!flags.bool('no-stream')) {
		watch.failed = follow(client, watch, all);
		// Its failure is heard by whoever paints.
		watch.failed.catch(() => undefined);
	}
	const containers = await containersOf(client).list({ all, limit: undefined, size: false, filters: new Map() });
	await Promise.all(containers.map(({ Id = '' }) => watch.add(Id.slice(0, 12)).first));
}

async function follow(client: ApiClient, watch: Watch, all: boolean): Promise<never> {
	// The moment before the list: what starts while it is made is not missed, what is listed already is added once.
	const since = (Date.now() / 1000).toFixed(3);
	const filters = new Map([['type', ['container']]]);
	for await (const { Action, Actor } of systemOf(client).events({ since, until: undefined, filters })) {
		const id = (Actor?.ID ?? '').slice(0, 12);
		if (Action === (all ? 'create' : 'start')) watch.add(id);
		else if (Action === 'destroy' || (Action === 'die' && !all)) watch.drop(id);
	}
	throw new EngineError('unavailable', 'the daemon ended the stream of events');
}

function picture(watch: Watch, flags: Flags, format: string): string {
	const now = performance.now();
	const stream = !flags.bool('no-stream');
	const rows = [...watch.shown.values()].map(({ id, stats, at }) =>
		usageRow(id, stream && now - at > freshness ? null : stats, !flags.bool('no-trunc')),
	);
	const columns = ['ID', 'Name', 'CPUPerc', 'MemUsage', 'MemPerc', 'NetIO', 'BlockIO', 'PIDs'];
	return formatList({
		format,
		defaultTable: columns.map((name) => `{{.${name}}}`).join('\t'),
		headers: usageHeaders,
		typeName: '*container.statsContext',
		rows,
	});
}

/** Paints over the last picture, again and again, until all are gone that were named. */
async function paint({ stdout }: Context, watch: Watch, draw: () => string, endless: boolean): Promise<void> {
	const failed = watch.failed ?? new Promise<never>(() => undefined);
	do {
		const lines = draw().split('\n');
		// Home; each line is cleared to its end, and what is below the last one.
		stdout.write(`\u001b[H${lines.map((line) => `${line} \u001b[K\n`).join('')}\u001b[J`);
		await stdout.flush();
		await Promise.race([Bun.sleep(frame), failed]);
	} while (endless || watch.shown.size > 0);
}
