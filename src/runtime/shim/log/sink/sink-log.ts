import { EngineError } from '../../../../errors.ts';
import type { FluentdSink, GelfSink, SinkAddress, SinkTarget, SyslogSink } from '../../../protocol.ts';
import type { OutputStream } from '../../output.ts';
import { LineSplitter, type LogMessage } from '../lines.ts';
import { LocalWriter } from '../local.ts';
import type { LogWriter } from '../writer.ts';
import { type Channel, type QueueLimits, type RetryPolicy, usualRetry, withOpen } from './channel.ts';
import type { WireMessage } from './message-queue.ts';

type Encoder = (message: LogMessage) => readonly WireMessage[];

/** A log that is sent away, line by line, with its copy. */
class SinkLog implements LogWriter {
	private readonly lines = new LineSplitter((message) => {
		for (const one of this.encode(message)) this.channel.send(one);
	});
	private closed: Promise<void> = Promise.resolve();

	constructor(
		private readonly channel: Channel,
		private readonly encode: Encoder,
		private readonly copy: LocalWriter | null,
	) {}

	open(): Promise<void> {
		return this.channel.open();
	}

	write(stream: OutputStream, chunk: Uint8Array): void {
		this.copy?.write(stream, chunk);
		this.lines.write(stream, chunk);
	}

	get congestion(): Promise<void> | null {
		return this.channel.congestion;
	}

	end(): void {
		this.copy?.end();
		this.lines.end();
		this.closed = this.channel.close();
	}

	async settled(): Promise<void> {
		await Promise.all([this.closed, this.copy?.settled()]);
	}
}

/** The log of a sink; the code of other drivers is not loaded. */
export async function openSink(target: SinkTarget): Promise<LogWriter> {
	const { sink, cache } = target;
	const limits: QueueLimits = { buffer: target.buffer, nonBlocking: target.nonBlocking };
	const [channel, encode] = await driverOf(sink, limits);
	return new SinkLog(channel, encode, cache === null ? null : new LocalWriter(cache));
}

async function driverOf(sink: SinkTarget['sink'], limits: QueueLimits): Promise<readonly [Channel, Encoder]> {
	switch (sink.driver) {
		case 'syslog':
			return syslog(sink, limits);
		case 'fluentd':
			return fluentd(sink, limits);
		case 'gelf':
			return gelf(sink, limits);
		case 'journald': {
			const { journaldEncoder } = await import('./journald.ts');
			const channel = await channelTo({ kind: 'unixgram', path: sink.path }, limits);
			const open = async (): Promise<void> => {
				try {
					await channel.open();
				} catch (error) {
					throw new EngineError('unavailable', 'journald is not enabled on this host', { cause: error });
				}
			};
			return [withOpen(channel, open), journaldEncoder(sink)];
		}
	}
}

async function syslog(sink: SyslogSink, limits: QueueLimits): Promise<readonly [Channel, Encoder]> {
	const { syslogEncoder } = await import('./syslog.ts');
	const tls = sink.address?.kind === 'tcp' && sink.address.tls !== null;
	const channel =
		sink.address === null
			? await (await import('./host-syslog.ts')).hostSyslog(limits)
			: await channelTo(sink.address, limits);
	return [channel, syslogEncoder(sink, process.pid, tls)];
}

async function gelf(sink: GelfSink, limits: QueueLimits): Promise<readonly [Channel, Encoder]> {
	const { gelfEncoder } = await import('./gelf.ts');
	const { reconnectDelay, maxReconnect } = sink;
	const retry: RetryPolicy = { first: reconnectDelay, factor: 1, most: reconnectDelay, attempts: maxReconnect };
	return [await channelTo(sink.address, limits, { retry }), gelfEncoder(sink)];
}

async function fluentd(sink: FluentdSink, limits: QueueLimits): Promise<readonly [Channel, Encoder]> {
	const { fluentdEncoder } = await import('./fluentd.ts');
	const { acknowledgementReader } = await import('./msgpack.ts');
	const fixed = sink.async ? sink.reconnectInterval : 0;
	const retry: RetryPolicy =
		fixed > 0
			? { first: fixed, factor: 1, most: fixed, attempts: sink.maxRetries }
			: { first: sink.retryWait, factor: 1.5, most: 60_000, attempts: sink.maxRetries };
	const channel = await channelTo(
		sink.address,
		{ ...limits, nonBlocking: limits.nonBlocking || sink.async },
		{
			retry,
			async: sink.async,
			writeTimeout: sink.writeTimeout,
			acknowledgements: sink.requestAck ? acknowledgementReader : null,
		},
	);
	return [channel, fluentdEncoder(sink)];
}

interface StreamExtras {
	readonly retry?: RetryPolicy;
	readonly async?: boolean;
	readonly writeTimeout?: number;
	readonly acknowledgements?: (() => (chunk: Uint8Array) => readonly string[]) | null;
}

async function channelTo(address: SinkAddress, limits: QueueLimits, extras: StreamExtras = {}): Promise<Channel> {
	switch (address.kind) {
		case 'udp':
			return new (await import('./datagram-channel.ts')).UdpChannel(address, limits);
		case 'unixgram':
			return new (await import('./datagram-channel.ts')).UnixDatagramChannel(address.path, limits);
		case 'tcp':
		case 'unix': {
			const { StreamChannel } = await import('./stream-channel.ts');
			const usual = { retry: usualRetry, async: false, writeTimeout: 0, acknowledgements: null };
			return new StreamChannel({ ...usual, ...extras, address, limits });
		}
	}
}
