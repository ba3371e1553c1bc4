/**
 * Two byte streams in opposite directions with back-pressure and half-close:
 * a hijacked HTTP connection, a WebSocket, a shim connection.
 */
export interface ByteDuplex {
	/** Bytes from the peer; ends when the peer closes its side, throws when the connection breaks. Read at most once. */
	readonly readable: AsyncIterable<Uint8Array>;
	/** Sends bytes; resolves when the peer's buffer takes more. Rejects when the connection is gone. */
	write(chunk: Uint8Array): Promise<void> | void;
	/** Closes our side (half-close); what the peer still sends can be read. */
	end(): void;
	/** Drops both directions at once. */
	destroy(): void;
	/** Resolves when both directions are closed, for whatever reason. Never rejects. */
	readonly closed: Promise<void>;
}
