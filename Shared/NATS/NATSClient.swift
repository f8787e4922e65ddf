internal import CNATS
internal import Concurrency
package import Observability

/// One connection to NATS that is made again for ever. Making the client does not wait for a server: it starts
/// disconnected and connects in the background. Nothing published while disconnected is kept.
package final class NATSClient: Sendable {
    let handle: ConnectionHandle
    let status = ConnectionState()
    let configuration: NATSConfiguration
    let logger: Logger
    /// For libnats calls that wait for the server.
    let blocking: WorkerPool

    /// Starts connecting. Throws only for a malformed configuration.
    package init(_ configuration: NATSConfiguration, logger: Logger) throws(NATSError) {
        self.configuration = configuration
        self.logger = logger
        blocking = WorkerPool(name: "nats-calls", threads: 2)
        handle = try ConnectionHandle(configuration, state: status)
        status.observe { state in
            switch state {
            case .connected: logger.info("connected to NATS")
            case .disconnected: logger.warn("not connected to NATS")
            case .closed: logger.info("closed the connection to NATS")
            }
        }
    }

    /// Where the connection stands now.
    package var state: NATSState { status.current }

    /// How often a connection was made; it grows by one with each reconnect.
    package var connections: UInt64 { status.connections }

    /// Calls `observer` at once and then at each change, from libnats' threads: it must not block.
    package func onStateChange(_ observer: @escaping @Sendable (NATSState) -> Void) { status.observe(observer) }

    /// Publishes without JetStream: at most once, no answer. Throws `.disconnected` while there is no connection.
    package func publish(_ subject: String, _ payload: [UInt8]) throws(NATSError) {
        guard status.isConnected else { throw NATSError(.disconnected, "publish on \(subject): not connected") }
        let result = unsafe payload.withUnsafeBytes { bytes in
            unsafe natsConnection_Publish(handle.raw, subject, bytes.baseAddress, Int32(bytes.count))
        }
        try result.orThrow("publish on \(subject)")
    }

    /// Sends everything written so far and waits for the server's pong; throws after `limit`.
    package func flush(within limit: Duration = .seconds(2)) async throws {
        let handle = handle
        try await blocking.run {
            try unsafe natsConnection_FlushTimeout(handle.raw, limit.wholeMilliseconds).orThrow("flush")
        }
    }

    /// Closes the connection for good. Publishers and consumers on it must have been closed before.
    package func close() async {
        let handle = handle
        try? await blocking.run { handle.close() }
        status.set(.closed)
        blocking.shutdown()
    }
}

/// Owns a libnats connection.
/// SAFETY: a natsConnection locks itself and may be used from every thread; it is freed with the last reference
/// to this object, and every user of `raw` holds one.
@safe final class ConnectionHandle: @unchecked Sendable {
    let raw: OpaquePointer
    private let retired = RetiredSubscriptions()

    init(_ configuration: NATSConfiguration, state: ConnectionState) throws(NATSError) {
        var options: OpaquePointer?
        try unsafe natsOptions_Create(&options).orThrow("NATS options")
        defer { unsafe natsOptions_Destroy(options) }
        try unsafe Self.apply(configuration, to: options)

        let closure = unsafe Unmanaged.passRetained(state).toOpaque()
        var connection: OpaquePointer?
        var result = unsafe Self.setCallbacks(options, closure)
        if result == NATS_OK { result = unsafe natsConnection_Connect(&connection, options) }
        guard let connection = unsafe connection, result == NATS_OK || result == NATS_NOT_YET_CONNECTED else {
            unsafe Unmanaged<ConnectionState>.fromOpaque(closure).release()
            throw NATSError(status: result, doing: "connect to NATS")
        }
        unsafe raw = connection
        // libnats tells a first attempt that succeeds at once by its result and by no callback.
        if result == NATS_OK { state.set(.connected) }
        if unsafe natsConnection_Status(connection) != NATS_CONN_STATUS_CONNECTED { state.set(.disconnected) }
    }

    deinit {
        // Joins the thread that reads, so that nothing of libnats looks at a subscription any more.
        unsafe natsConnection_Close(raw)
        retired.freeAll()
        unsafe natsConnection_Destroy(raw)
    }

    func close() { unsafe natsConnection_Close(raw) }

    /// Ends a subscription and frees it when that is safe. The caller gives the pointer away.
    func retire(_ subscription: OpaquePointer) {
        unsafe natsSubscription_Unsubscribe(subscription)
        unsafe retired.add(subscription, connection: raw)
    }

    private static func apply(_ configuration: NATSConfiguration, to options: OpaquePointer?) throws(NATSError) {
        let servers = configuration.url.split(separator: ",").map { $0.trimmingSpaces }
        let wait = configuration.reconnectWait.wholeMilliseconds
        let settings: [(String, natsStatus)] = unsafe [
            ("name", natsOptions_SetName(options, configuration.name)),
            ("no endless retries", natsOptions_SetMaxReconnect(options, -1)),
            ("retry of the first connect", natsOptions_SetRetryOnFailedConnect(options, true, natsDidConnect, nil)),
            ("reconnect wait", natsOptions_SetReconnectWait(options, wait)),
            ("reconnect jitter", natsOptions_SetReconnectJitter(options, wait / 4, wait / 4)),
            ("connect timeout", natsOptions_SetTimeout(options, configuration.connectTimeout.wholeMilliseconds)),
            ("ping interval", natsOptions_SetPingInterval(options, configuration.pingInterval.wholeMilliseconds)),
            ("pings", natsOptions_SetMaxPingsOut(options, 2)),
            // 0 would mean 8 MB: what was not sent must be known as not sent, not wait in a hidden buffer.
            ("reconnect buffer", natsOptions_SetReconnectBufSize(options, 1)),
            // A stopped server fills the socket; the writer must come back.
            ("write deadline", natsOptions_SetWriteDeadline(options, 2_000)),
            ("requests on disconnect", natsOptions_SetFailRequestsOnDisconnect(options, true)),
            ("buffer size", natsOptions_SetIOBufSize(options, 256 * 1_024)),
        ]
        for (setting, result) in settings { try result.orThrow("NATS option: \(setting)") }
        let arena = CStrings(servers)
        try unsafe natsOptions_SetServers(options, arena.pointers, Int32(servers.count)).orThrow("NATS url")
        if servers.contains(where: { $0.hasPrefix("tls://") }) {
            try unsafe natsOptions_SetSecure(options, true).orThrow("NATS TLS")
        }
    }

    private static func setCallbacks(
        _ options: OpaquePointer?,
        _ closure: UnsafeMutableRawPointer
    ) -> natsStatus {
        let results = unsafe [
            natsOptions_SetRetryOnFailedConnect(options, true, natsDidConnect, closure),
            natsOptions_SetReconnectedCB(options, natsDidConnect, closure),
            natsOptions_SetDisconnectedCB(options, natsDidDisconnect, closure),
            natsOptions_SetClosedCB(options, natsDidClose, closure),
            natsOptions_SetErrorHandler(options, natsDidFail, nil),
        ]
        return results.first { $0 != NATS_OK } ?? NATS_OK
    }
}

extension Substring {
    fileprivate var trimmingSpaces: String { String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }
}
