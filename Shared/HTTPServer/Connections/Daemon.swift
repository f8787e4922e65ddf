import CMicrohttpd
import Concurrency
import Glibc
import Observability

/// libmicrohttpd's daemon with its own epoll thread. Belongs to the server's loop thread, which starts and stops it.
@safe final class Daemon {
    private let raw: OpaquePointer
    private let context: Unmanaged<ServerCore>
    private var isQuiet = false

    /// Takes the listening socket over. GnuTLS must read the certificate and key where there are any.
    init(taking socket: Int32, core: ServerCore, tls: TLSMaterial?) throws(HTTPServerError) {
        // A failed start closes the socket or leaves it open, depending on where it failed: it gets one of its own.
        let listener = fcntl(socket, F_DUPFD_CLOEXEC, 0)
        defer { close(socket) }
        let context = unsafe Unmanaged.passRetained(core)
        let started = unsafe Self.start(listener, context.toOpaque(), core.limits, tls)
        guard let started = unsafe started else {
            unsafe context.release()
            throw HTTPServerError(
                .start,
                tls == nil
                    ? "libmicrohttpd did not start" : "libmicrohttpd did not start: is the key the certificate's?"
            )
        }
        unsafe raw = started
        unsafe self.context = context
    }

    private static func start(
        _ listener: Int32,
        _ context: UnsafeMutableRawPointer,
        _ limits: HTTPLimits,
        _ tls: TLSMaterial?
    ) -> OpaquePointer? {
        var settings = unsafe cmhd_settings()
        unsafe settings.listener = listener
        var flags = MHD_USE_EPOLL_INTERNAL_THREAD.rawValue | MHD_USE_TURBO.rawValue
        flags |= MHD_ALLOW_SUSPEND_RESUME.rawValue | MHD_ALLOW_UPGRADE.rawValue
        if tls != nil { flags |= MHD_USE_TLS.rawValue }
        unsafe settings.flags = flags
        // The head and what is made of it, and the head of the answer.
        unsafe settings.memory = max(32_768, limits.head * 2)
        unsafe settings.connections = UInt32(clamping: limits.connections)
        unsafe settings.idle_seconds = UInt32(clamping: max(1, limits.idleTime.components.seconds))
        unsafe settings.accept = mayConnect
        unsafe settings.access = access
        unsafe settings.completed = requestCompleted
        unsafe settings.notify = connectionChanged
        unsafe settings.target = targetCame
        unsafe settings.unescape = leaveEscaped
        unsafe settings.context = context
        guard let tls else { return unsafe cmhd_start(&settings) }
        let priorities =
            "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-256-GCM:+AES-128-GCM:+CHACHA20-POLY1305"
        // GnuTLS copies all three.
        return unsafe tls.certificate.withCString { certificate in
            unsafe tls.key.withCString { key in
                unsafe priorities.withCString { priorities in
                    unsafe settings.certificate = certificate
                    unsafe settings.key = key
                    unsafe settings.priorities = priorities
                    return unsafe cmhd_start(&settings)
                }
            }
        }
    }

    /// Takes no more connections.
    func quiesce() {
        guard !isQuiet else { return }
        isQuiet = true
        let listener = unsafe MHD_quiesce_daemon(raw)
        if listener >= 0 { close(listener) }
    }

    /// Closes what is open and joins the daemon's thread. No connection may be suspended: libmicrohttpd aborts.
    func stop() {
        unsafe MHD_stop_daemon(raw)
        unsafe context.release()
    }
}

// MARK: - Callbacks, all on libmicrohttpd's thread

@unsafe private func core(_ context: UnsafeMutableRawPointer?) -> ServerCore? {
    guard let context = unsafe context else { return nil }
    // SAFETY: the daemon holds one reference for as long as it calls.
    return unsafe Unmanaged<ServerCore>.fromOpaque(context).takeUnretainedValue()
}

@unsafe private func object<Object: AnyObject>(_ pointer: UnsafeMutableRawPointer?, _: Object.Type) -> Object? {
    guard let pointer = unsafe pointer else { return nil }
    return unsafe Unmanaged<Object>.fromOpaque(pointer).takeUnretainedValue()
}

@c
private func mayConnect(
    _ context: UnsafeMutableRawPointer?,
    _ peer: UnsafePointer<sockaddr>?,
    _ length: socklen_t
) -> MHD_Result {
    guard let core = unsafe core(context), let peer = unsafe peer, let address = unsafe IPAddress(peer) else {
        return .NO
    }
    let limit = core.limits.connectionsPerAddress
    guard limit > 0, !core.proxies.contains(address), core.table.count(from: address) >= limit else { return .YES }
    core.metrics.refused(.address)
    return .NO
}

@c
private func connectionChanged(
    _ context: UnsafeMutableRawPointer?,
    _ handle: OpaquePointer?,
    _ place: UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
    _ what: MHD_ConnectionNotificationCode
) {
    guard let core = unsafe core(context), let handle = unsafe handle, let place = unsafe place else { return }
    switch what {
    case .CONNECTION_NOTIFY_STARTED:
        let peer = unsafe cmhd_peer(handle).flatMap { unsafe IPAddress($0) } ?? IPAddress(high: 0, low: 0)
        let connection = Connection(
            descriptor: unsafe cmhd_descriptor(handle),
            peer: peer,
            deadline: .after(core.limits.headTime)
        )
        core.table.add(connection)
        core.table.hold(peer)
        core.metrics.connections.add(1)
        unsafe place.pointee = unsafe Unmanaged.passRetained(connection).toOpaque()
    case .CONNECTION_NOTIFY_CLOSED:
        guard let pointer = unsafe place.pointee else { return }
        let connection = unsafe Unmanaged<Connection>.fromOpaque(pointer).takeRetainedValue()
        unsafe place.pointee = nil
        core.table.remove(connection)
        core.table.release(connection.peer)
        core.metrics.connections.add(-1)
    @unknown default: break
    }
}

/// The request line is there: the exchange begins.
@c
private func targetCame(
    _ context: UnsafeMutableRawPointer?,
    _ target: UnsafePointer<CChar>?,
    _ handle: OpaquePointer?
) -> UnsafeMutableRawPointer? {
    guard let core = unsafe core(context), let handle = unsafe handle, let target = unsafe target,
        let connection = unsafe object(cmhd_context(handle), Connection.self)
    else { return nil }
    let exchange = unsafe Exchange(core: core, connection: connection, handle: handle, target: target)
    connection.begin(exchange, headWithin: core.limits.headTime)
    return unsafe Unmanaged.passRetained(exchange).toOpaque()
}

/// Leaves the target as it came: it is decoded once, strictly, by us.
@c
private func leaveEscaped(
    _ context: UnsafeMutableRawPointer?,
    _ handle: OpaquePointer?,
    _ text: UnsafeMutablePointer<CChar>?
) -> Int {
    guard let text = unsafe text else { return 0 }
    return unsafe strlen(text)
}

@c
private func access(
    _ context: UnsafeMutableRawPointer?,
    _ handle: OpaquePointer?,
    _ url: UnsafePointer<CChar>?,
    _ method: UnsafePointer<CChar>?,
    _ version: UnsafePointer<CChar>?,
    _ data: UnsafePointer<CChar>?,
    _ size: UnsafeMutablePointer<Int>?,
    _ place: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> MHD_Result {
    guard let method = unsafe method, let size = unsafe size, let place = unsafe place,
        let exchange = unsafe object(place.pointee, Exchange.self)
    else { return .NO }
    if exchange.core.isAborting { return .NO }
    guard unsafe size.pointee > 0 else { return unsafe exchange.proceed(method: method) ? .YES : .NO }
    let start = unsafe UnsafeRawPointer(data)?.assumingMemoryBound(to: UInt8.self)
    let octets = unsafe UnsafeBufferPointer(start: start, count: size.pointee)
    return unsafe exchange.receive(octets, left: size) ? .YES : .NO
}

@c
private func requestCompleted(
    _ context: UnsafeMutableRawPointer?,
    _ handle: OpaquePointer?,
    _ place: UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
    _ code: MHD_RequestTerminationCode
) {
    guard let place = unsafe place, let pointer = unsafe place.pointee else { return }
    let exchange = unsafe Unmanaged<Exchange>.fromOpaque(pointer).takeRetainedValue()
    unsafe place.pointee = nil
    exchange.completed(code == .REQUEST_TERMINATED_COMPLETED_OK)
}
