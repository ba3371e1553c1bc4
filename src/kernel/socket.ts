import { EngineError } from '../errors.ts';
import { bindLibc, check, Errno, errno, FFIType, ptr, SyscallError } from './libc.ts';

const libc = bindLibc({
	socket: { args: [FFIType.i32, FFIType.i32, FFIType.i32], returns: FFIType.i32 },
	connect: { args: [FFIType.i32, FFIType.ptr, FFIType.u32], returns: FFIType.i32 },
	bind: { args: [FFIType.i32, FFIType.ptr, FFIType.u32], returns: FFIType.i32 },
	listen: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 },
	shutdown: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 },
	setsockopt: { args: [FFIType.i32, FFIType.i32, FFIType.i32, FFIType.ptr, FFIType.u32], returns: FFIType.i32 },
	send: { args: [FFIType.i32, FFIType.ptr, FFIType.u64, FFIType.i32], returns: FFIType.i32 },
	recv: { args: [FFIType.i32, FFIType.ptr, FFIType.u64, FFIType.i32], returns: FFIType.i32 },
	close: { args: [FFIType.i32], returns: FFIType.i32 },
});

export const AddressFamily = { unix: 1, inet: 2, netlink: 16 } as const;
export const SocketType = { stream: 1, datagram: 2, raw: 3 } as const;

const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_RCVTIMEO = 20;
const SHUT_RDWR = 2;

/** Opens a socket in the namespace of this thread; close-on-exec. @throws SyscallError */
export function openSocket(family: number, type: number, protocol: number): number {
	return check(libc().socket(family, type | SOCK_CLOEXEC, protocol), 'socket');
}

/** Closes a descriptor. */
export function closeSocket(fd: number): void {
	check(libc().close(fd), 'close');
}

/** Sets an integer option. @throws SyscallError */
export function setSocketOption(fd: number, level: number, option: number, value: number): void {
	const data = Buffer.alloc(4);
	data.writeInt32LE(value);
	check(libc().setsockopt(fd, level, option, ptr(data), data.length), 'setsockopt');
}

/** Makes `receive` fail with EAGAIN after so many milliseconds. @throws SyscallError */
export function setReceiveTimeout(fd: number, milliseconds: number): void {
	const data = Buffer.alloc(16);
	data.writeBigInt64LE(BigInt(Math.floor(milliseconds / 1000)), 0);
	data.writeBigInt64LE(BigInt((milliseconds % 1000) * 1000), 8);
	check(libc().setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, ptr(data), data.length), 'setsockopt');
}

/** Sends one message wholly. @throws SyscallError */
export function send(fd: number, data: Uint8Array): void {
	for (;;) {
		const sent = libc().send(fd, ptr(data), data.length, 0);
		if (sent === data.length) return;
		if (sent >= 0) throw new EngineError('internal', `send: ${sent} of ${data.length} bytes went out`);
		const code = errno();
		if (code !== Errno.EINTR) throw new SyscallError('send', code);
	}
}

const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const EMSGSIZE = 90;
const ENOBUFS = 105;
const longestUnixPath = 107;

/** A socket that sends datagrams to the unix socket at a path. @throws SyscallError */
export function connectUnixDatagram(path: string): number {
	const name = Buffer.from(path);
	if (name.length > longestUnixPath) {
		throw new EngineError(
			'invalid_argument',
			`the path of a unix socket has at most ${longestUnixPath} bytes: ${path}`,
		);
	}
	const place = Buffer.alloc(3 + name.length);
	place.writeUInt16LE(AddressFamily.unix, 0);
	name.copy(place, 2);
	const fd = openSocket(AddressFamily.unix, SocketType.datagram, 0);
	try {
		check(libc().connect(fd, ptr(place), place.length), 'connect', path);
		return fd;
	} catch (error) {
		closeSocket(fd);
		throw error;
	}
}

/** Sends one datagram without waiting. `full`: the peer does not keep up; `gone`: there is none any more; `large`: it never fits. */
export function trySend(fd: number, data: Uint8Array): 'sent' | 'full' | 'gone' | 'large' {
	for (;;) {
		if (libc().send(fd, ptr(data), data.length, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return 'sent';
		const code = errno();
		if (code === Errno.EINTR) continue;
		if (code === Errno.EAGAIN || code === ENOBUFS) return 'full';
		return code === EMSGSIZE ? 'large' : 'gone';
	}
}

/** Receives one message into `buffer` and returns its length. @throws SyscallError, EAGAIN after the receive timeout. */
export function receive(fd: number, buffer: Uint8Array): number {
	for (;;) {
		const length = libc().recv(fd, ptr(buffer), buffer.length, 0);
		if (length >= 0) return length;
		const code = errno();
		if (code !== Errno.EINTR) throw new SyscallError('recv', code);
	}
}

/** A `sockaddr_in`. `address`: four bytes in network order. */
function inetAddress(address: Uint8Array, port: number): Buffer {
	const data = Buffer.alloc(16);
	data.writeUInt16LE(AddressFamily.inet, 0);
	data.writeUInt16BE(port, 2);
	data.set(address, 4);
	return data;
}

/**
 * Takes a host port for as long as the returned descriptor is open, without listening on it. A listening or bound
 * socket of anybody makes it fail; connections of an earlier server that linger in TIME_WAIT do not.
 * `address`: four bytes. @throws SyscallError, EADDRINUSE for a taken port, EADDRNOTAVAIL for a foreign address.
 */
export function holdPort(protocol: 'tcp' | 'udp', address: Uint8Array, port: number): number {
	const type = protocol === 'tcp' ? SocketType.stream : SocketType.datagram;
	const place = inetAddress(address, port);
	const attempt = (lingering: boolean): number => {
		const fd = openSocket(AddressFamily.inet, type, 0);
		try {
			if (lingering) setSocketOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
			check(libc().bind(fd, ptr(place), place.length), 'bind');
			if (lingering) {
				// Only listen tells TIME_WAIT (which yields to SO_REUSEADDR) from another holder; the shutdown ends it and keeps the port.
				check(libc().listen(fd, 0), 'listen');
				check(libc().shutdown(fd, SHUT_RDWR), 'shutdown');
			}
			return fd;
		} catch (error) {
			closeSocket(fd);
			throw error;
		}
	};
	try {
		return attempt(false);
	} catch (error) {
		if (protocol === 'tcp' && error instanceof SyscallError && error.errno === Errno.EADDRINUSE) return attempt(true);
		throw error;
	}
}

/**
 * Takes a name (ASCII, ≤ 100 characters) in this network namespace for as long as the returned descriptor is open: an abstract
 * unix socket, which goes with its process. @throws SyscallError, EADDRINUSE when another process has it.
 */
export function holdName(name: string): number {
	const place = Buffer.alloc(3 + name.length);
	place.writeUInt16LE(AddressFamily.unix, 0);
	place.write(name, 3, 'latin1');
	const fd = openSocket(AddressFamily.unix, SocketType.stream, 0);
	try {
		check(libc().bind(fd, ptr(place), place.length), 'bind', name);
		return fd;
	} catch (error) {
		closeSocket(fd);
		throw error;
	}
}
