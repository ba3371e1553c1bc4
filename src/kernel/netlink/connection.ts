import { EngineError } from '../../errors.ts';
import { Errno, SyscallError } from '../libc.ts';
import {
	AddressFamily,
	closeSocket,
	openSocket,
	receive,
	SocketType,
	send,
	setReceiveTimeout,
	setSocketOption,
} from '../socket.ts';
import {
	ControlType,
	decodeAttributes,
	decodeMessages,
	decodeText,
	encodeMessage,
	MessageFlag,
	type NetlinkMessage,
	type NetlinkRequest,
} from './message.ts';

/** Kernel subsystems that speak netlink. */
export const NetlinkFamily = { route: 0, netfilter: 12 } as const;

/** A synchronous netlink socket of the namespace in which it was opened, wherever the thread is later. */
export interface NetlinkConnection extends Disposable {
	/** Sends all in one datagram and waits for each answer. @throws SyscallError of the first that failed; the others were tried. */
	request(...requests: readonly NetlinkRequest[]): void;
	/** Sends an nfnetlink transaction: `requests` stand between `begin` and `end`; all or nothing. @throws SyscallError */
	transaction(begin: NetlinkRequest, requests: readonly NetlinkRequest[], end: NetlinkRequest): void;
	/** Everything a dump (or a single get) answers. @throws SyscallError */
	query(request: NetlinkRequest): readonly NetlinkMessage[];
	close(): void;
}

const SOL_NETLINK = 270;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const answerTimeout = 2000;
const acknowledgeTlvsFlag = 0x200;
const cappedFlag = 0x100;
const reasonAttribute = 1;

/** The kernel's own words on an error, where it has some. */
function reasonOf(message: NetlinkMessage): string {
	if ((message.flags & acknowledgeTlvsFlag) === 0) return '';
	const echoed = (message.flags & cappedFlag) !== 0 ? 16 : message.body.readUInt32LE(4);
	return decodeText(decodeAttributes(message.body, 4 + echoed).get(reasonAttribute));
}

function failure(message: NetlinkMessage, subject: string): SyscallError | null {
	const code = -message.body.readInt32LE(0);
	if (code === 0) return null;
	const reason = reasonOf(message);
	return new SyscallError('netlink', code, reason === '' ? subject : `${subject} (${reason})`);
}

/** Opens a connection. @throws SyscallError */
export function openNetlink(family: number): NetlinkConnection {
	const fd = openSocket(AddressFamily.netlink, SocketType.raw, family);
	setReceiveTimeout(fd, answerTimeout);
	setSocketOption(fd, SOL_NETLINK, NETLINK_CAP_ACK, 1);
	setSocketOption(fd, SOL_NETLINK, NETLINK_EXT_ACK, 1);
	// The kernel fills at most 32 KiB of a dump at a time.
	const buffer = Buffer.allocUnsafe(32 * 1024);
	let sequence = 0;
	let open = true;

	const next = (): NetlinkMessage[] => {
		try {
			return decodeMessages(buffer.subarray(0, receive(fd, buffer)));
		} catch (error) {
			if (error instanceof SyscallError && error.errno === Errno.EAGAIN) {
				throw new EngineError('timeout', 'netlink: the kernel did not answer', { cause: error });
			}
			throw error;
		}
	};

	/** Reads until each of `expected` (sequence → subject) is acknowledged, or one refused where `stopAtFailure`. */
	const acknowledge = (expected: Map<number, string>, stopAtFailure: boolean): void => {
		let first: SyscallError | null = null;
		while (expected.size > 0) {
			for (const message of next()) {
				const subject = expected.get(message.sequence);
				if (subject === undefined || message.type !== ControlType.error) continue;
				expected.delete(message.sequence);
				first ??= failure(message, subject);
			}
			if (first !== null && stopAtFailure) break;
		}
		if (first !== null) throw first;
	};

	const close = (): void => {
		if (open) closeSocket(fd);
		open = false;
	};

	return {
		request(...requests) {
			const expected = new Map<number, string>();
			const parts = requests.map((request) => {
				expected.set(++sequence, request.subject);
				const flags = request.flags | MessageFlag.request | MessageFlag.ack;
				return encodeMessage({ ...request, flags }, sequence);
			});
			send(fd, Buffer.concat(parts));
			acknowledge(expected, false);
		},
		transaction(begin, requests, end) {
			const expected = new Map<number, string>();
			const parts = [encodeMessage({ ...begin, flags: MessageFlag.request }, ++sequence)];
			for (const request of requests) {
				expected.set(++sequence, request.subject);
				const flags = request.flags | MessageFlag.request | MessageFlag.ack;
				parts.push(encodeMessage({ ...request, flags }, sequence));
			}
			parts.push(encodeMessage({ ...end, flags: MessageFlag.request }, ++sequence));
			send(fd, Buffer.concat(parts));
			// A refused batch acknowledges only what failed: waiting for the others would end in the timeout.
			acknowledge(expected, true);
		},
		query(request) {
			const mine = ++sequence;
			send(fd, encodeMessage({ ...request, flags: request.flags | MessageFlag.request | MessageFlag.ack }, mine));
			const found: NetlinkMessage[] = [];
			for (;;) {
				for (const message of next()) {
					if (message.sequence !== mine) continue;
					if (message.type === ControlType.done) return found;
					if (message.type === ControlType.error) {
						const failed = failure(message, request.subject);
						if (failed !== null) throw failed;
						return found;
					}
					// The buffer is used again for the next datagram.
					found.push({ ...message, body: Buffer.from(message.body) });
				}
			}
		},
		close,
		[Symbol.dispose]: close,
	};
}
