import CPostgres
import Concurrency
import Glibc

/// One libpq connection, nonblocking after it is made, with its prepared statements.
///
/// Knows the protocol's order but never waits: sessions wait with poll, the pool with epoll.
@safe
final class Wire: @unchecked Sendable {
    // SAFETY: a wire is used by one thread at a time. It is made on one thread and handed over; every other use is
    // by its session's or its pool's thread.
    let raw: OpaquePointer
    private var statements = StatementCache()
    private var encoded: [UInt8] = []
    private var spans: [Range<Int>?] = []

    private init(_ raw: OpaquePointer) { unsafe self.raw = raw }

    deinit { unsafe PQfinish(raw) }

    /// Connects and assumes the role. Blocks: resolving a name has no deadline, the rest has `connectTimeout`.
    static func connect(_ configuration: PostgresConfiguration) throws(PostgresError) -> Wire {
        try checkURL(configuration.url)
        let seconds = max(2, (configuration.connectTimeout.wholeMilliseconds + 999) / 1000)
        // Before dbname: defaults that the connection string may override. After it: what it may not.
        let settings: [(String, String)] = [
            ("fallback_application_name", configuration.applicationName), ("keepalives_idle", "15"),
            ("keepalives_interval", "5"), ("keepalives_count", "3"), ("dbname", configuration.url),
            ("connect_timeout", String(seconds)), ("client_encoding", "UTF8"),
        ]
        let raw = unsafe withCStrings(settings.map(\.0)) { keys in
            unsafe withCStrings(settings.map(\.1)) { values in unsafe PQconnectdbParams(keys, values, 1) }
        }
        guard let raw = unsafe raw else { throw PostgresError(.connectionFailed, "no memory for a connection") }
        let wire = unsafe Wire(raw)
        guard unsafe PQstatus(raw) == CONNECTION_OK else { throw wire.connectFailure() }
        unsafe PQsetNoticeReceiver(raw, ignoreNotice, nil)
        try wire.prepareSession(configuration)
        guard unsafe PQsetnonblocking(raw, 1) == 0, unsafe PQenterPipelineMode(raw) == 1 else {
            throw PostgresError(.connectionFailed, "libpq refused pipeline mode")
        }
        return wire
    }

    /// The socket to wait on.
    var descriptor: Int32 { unsafe PQsocket(raw) }

    var isBroken: Bool { unsafe PQstatus(raw) != CONNECTION_OK }

    /// Whether a transaction is open on the server, as far as answers have told.
    var isIdle: Bool { unsafe PQtransactionStatus(raw) == PQTRANS_IDLE }

    /// Reads what the socket holds.
    func consume() throws(PostgresError) {
        guard unsafe PQconsumeInput(raw) == 1, !isBroken else { throw lost() }
    }

    /// Writes what is queued; false when the socket is full and has to be waited for.
    func flush() throws(PostgresError) -> Bool {
        let left = unsafe PQflush(raw)
        guard left >= 0 else { throw lost() }
        return left == 0
    }

    /// Queues `group` and one sync. Outside an explicit transaction the group is one: all of it or nothing.
    func send(_ group: [PGStatement]) throws(PostgresError) -> PipelineReply {
        var steps: [PipelineReply.Step] = []
        steps.reserveCapacity(group.count + 2)
        for (index, statement) in group.enumerated() {
            let plan = statements.plan(statement.sql, statement.parameters)
            if let types = plan.prepare {
                steps.append(.prepare(name: plan.name))
                let queued = unsafe types.withUnsafeBufferPointer { types in
                    unsafe PQsendPrepare(raw, plan.name, statement.sql, Int32(types.count), types.baseAddress)
                }
                try check(queued)
            }
            steps.append(.execute(index))
            try execute(plan.name, statement.parameters)
        }
        // Last: ahead of BEGIN it would be a query, after which no isolation level can be chosen.
        for name in statements.takeEvicted() {
            steps.append(.deallocate(name: name))
            try check(unsafe PQsendQueryParams(raw, "DEALLOCATE \(name)", 0, nil, nil, nil, nil, 1))
        }
        steps.append(.sync)
        try check(unsafe PQpipelineSync(raw))
        return PipelineReply(steps: steps)
    }

    /// Hands what has arrived to `reply`; true once it is complete, false when more must be read first.
    func read(into reply: inout PipelineReply) throws(PostgresError) -> Bool {
        while !reply.isComplete {
            if unsafe PQisBusy(raw) != 0 { return false }
            let result = unsafe PQgetResult(raw).map { unsafe ResultHandle($0) }
            guard reply.take(result) else {
                throw reply.error.flatMap { isBroken ? $0 : nil } ?? lost()
            }
        }
        for name in reply.unprepared { statements.forget(name: name) }
        statements.keepEvicted(reply.undeallocated)
        return true
    }

    /// Writes what is queued and reads until `reply` is complete. `wait` returns when the socket can be read, or written
    /// where asked, and fails when it was waited for long enough.
    func finish(
        _ reply: inout PipelineReply,
        _ wait: (_ writable: Bool) throws(PostgresError) -> Void
    ) throws(PostgresError) {
        var isFlushed = try flush()
        while try !read(into: &reply) {
            try wait(!isFlushed)
            try consume()
            if !isFlushed { isFlushed = try flush() }
        }
    }

    /// What NOTIFY brought, of what was read so far.
    func announcements() -> [String] {
        var texts: [String] = []
        while let found = unsafe PQnotifies(raw) {
            unsafe texts.append(String(cString: found.pointee.extra))
            unsafe PQfreemem(found)
        }
        return texts
    }

    /// Whether sending `group` again can help: the server had lost or outgrown a plan, and undone everything.
    func forgetStale(_ group: [PGStatement], after error: PostgresError) -> Bool {
        guard error.isStalePlan else { return false }
        for statement in group { statements.forget(sql: statement.sql) }
        return true
    }

    /// What can tell the server to cancel, from any thread.
    func cancellation() -> Cancellation? { unsafe PQgetCancel(raw).map { unsafe Cancellation($0) } }

    /// The failure that a broken connection stands for.
    func lost(file: String = #fileID, line: Int = #line) -> PostgresError {
        PostgresError(.connectionLost, libpqMessage ?? "the connection broke", file: file, line: line)
    }

    private func execute(_ name: String, _ parameters: [PGValue]) throws(PostgresError) {
        encoded.removeAll(keepingCapacity: true)
        spans.removeAll(keepingCapacity: true)
        for parameter in parameters {
            let start = encoded.count
            spans.append(parameter.encode(into: &encoded) ? start..<encoded.count : nil)
        }
        let count = Int32(parameters.count)
        let spans = spans
        let queued = unsafe encoded.withUnsafeBytes { bytes in
            // An empty value needs an address too: nil would be NULL.
            let base = unsafe bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1)
            let values = unsafe spans.map { span in
                unsafe span.flatMap { unsafe base?.advanced(by: $0.lowerBound).assumingMemoryBound(to: CChar.self) }
            }
            let lengths = spans.map { Int32(truncatingIfNeeded: $0?.count ?? 0) }
            let formats = [Int32](repeating: 1, count: spans.count)
            return unsafe PQsendQueryPrepared(raw, name, count, values, lengths, formats, 1)
        }
        try check(queued)
    }

    private func check(_ queued: Int32, file: String = #fileID, line: Int = #line) throws(PostgresError) {
        guard queued == 1 else {
            throw isBroken
                ? lost(file: file, line: line)
                : PostgresError(.misuse, libpqMessage ?? "libpq refused a statement", file: file, line: line)
        }
    }
}

// MARK: - Connecting

extension Wire {
    /// libpq's own complaints about a connection string quote all of it, password included.
    private static func checkURL(_ url: String) throws(PostgresError) {
        let options = unsafe PQconninfoParse(url, nil)
        guard let options = unsafe options else {
            throw PostgresError(.misuse, "the database's connection string is not valid")
        }
        unsafe PQconninfoFree(options)
    }

    private func prepareSession(_ configuration: PostgresConfiguration) throws(PostgresError) {
        // Statements here are short. One whose plan needs what a setting has forbidden (`enable_nestloop = off`) looks dear enough to be
        // compiled, for seconds on a busy machine, at each execution.
        var script = "SET TIME ZONE 'UTC'; SET client_min_messages = error; SET jit = off"
        if let role = configuration.role {
            guard let quoted = unsafe PQescapeIdentifier(raw, role, role.utf8.count) else {
                throw PostgresError(.misuse, "the database role's name is not valid")
            }
            script += unsafe "; SET ROLE " + String(cString: quoted)
            unsafe PQfreemem(quoted)
        }
        guard let result = unsafe PQexec(raw, script).map({ unsafe ResultHandle($0) }) else { throw lost() }
        guard result.status == PGRES_COMMAND_OK else { throw result.error() }
    }

    private func connectFailure() -> PostgresError {
        PostgresError(.connectionFailed, libpqMessage ?? "cannot connect")
    }

    private var libpqMessage: String? {
        guard let text = unsafe PQerrorMessage(raw).map({ unsafe String(cString: $0) }), !text.isEmpty else {
            return nil
        }
        return text.split(separator: "\n").joined(separator: "; ")
    }
}

@c
private func ignoreNotice(_ context: UnsafeMutableRawPointer?, _ result: OpaquePointer?) {}

/// Runs `body` with a NULL-terminated array of C strings.
private func withCStrings<Result>(
    _ strings: [String],
    _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Result
) -> Result {
    let copies = unsafe strings.map { unsafe strdup($0) }
    defer { unsafe copies.forEach { unsafe free($0) } }
    let pointers = unsafe copies.map { unsafe UnsafePointer($0) } + [nil]
    return unsafe pointers.withUnsafeBufferPointer { unsafe body($0.baseAddress) }
}
