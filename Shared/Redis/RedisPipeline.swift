internal import CHiredis
internal import Glibc

/// A connection to Redis for a thread that polls: commands are queued without waiting, answers come back in order.
///
/// The owner watches ``descriptor`` (readable always, writable while ``wantsWriting``), calls ``advance(_:)`` when it is
/// ready and after queueing, and closes a connection that failed or kept it waiting. Every command that was queued and not
/// answered when the connection ends is handed back by ``close()``: whether the server carried it out is unknown.
///
/// SAFETY: confined to one thread; the context is owned here and freed once, in `close()`.
@safe package final class RedisPipeline {
    package enum Status: Sendable, Equatable {
        case closed
        /// Connecting, authenticating, or loading scripts.
        case greeting
        case open
    }

    private struct Pending {
        let token: UInt64
        /// What a greeting's answer must be; nil for a command of the owner's.
        let greeting: Greeting?
    }

    private enum Greeting {
        case anything
        case script
        case primary
    }

    package private(set) var status = Status.closed
    private var context: UnsafeMutablePointer<redisContext>?
    private var pending: [Pending] = []
    private var answered = 0
    private var unwritten = false

    /// What `EVALSHA` calls the scripts, in their order.
    package private(set) var scriptNames: [[UInt8]] = []

    package init() {}

    deinit { _ = close() }

    /// -1 while closed.
    package var descriptor: Int32 { unsafe context.map { unsafe $0.pointee.fd } ?? -1 }

    package var wantsWriting: Bool { unwritten || (status == .greeting && answered == 0) }

    /// Commands on their way.
    package var outstanding: Int { pending.count - answered }

    /// Begins to connect. The server must be a primary: a replica is refused while greeting. `scripts` are loaded; their
    /// names for `EVALSHA` stand in ``scriptNames`` when the connection is open. The host must be a numeric address: names would block.
    package func open(_ url: RedisURL, scripts: [String]) throws(RedisError) {
        _ = close()
        guard let made = unsafe redisConnectNonBlock(url.host, Int32(url.port)) else { throw .unreachable("no memory") }
        guard unsafe made.pointee.err == 0 else {
            let reason = unsafe describe(made)
            unsafe redisFree(made)
            throw .unreachable(reason)
        }
        unsafe context = made
        status = .greeting
        if let password = url.password {
            greet(["AUTH"] + (url.user.map { [$0] } ?? []) + [password])
        }
        if url.database != 0 { greet(["SELECT", String(url.database)]) }
        for script in scripts { greet(["SCRIPT", "LOAD", script], .script) }
        greet(["ROLE"], .primary)
    }

    /// Queues a command; `token` comes back with its answer. False when the connection is closed.
    package func append(_ arguments: [UnsafeRawBufferPointer], token: UInt64) -> Bool {
        guard let context = unsafe context, status == .open else { return false }
        var pointers = unsafe arguments.map { unsafe $0.baseAddress?.assumingMemoryBound(to: CChar.self) }
        var lengths = unsafe arguments.map(\.count)
        guard unsafe redisAppendCommandArgv(context, Int32(arguments.count), &pointers, &lengths) == REDIS_OK else {
            return false
        }
        pending.append(Pending(token: token, greeting: nil))
        unwritten = true
        return true
    }

    /// The same for arguments in arrays, which are copied.
    package func append(_ arguments: [[UInt8]], token: UInt64) -> Bool {
        let octets = Array(arguments.joined())
        return unsafe octets.withUnsafeBytes { all in
            var offset = 0
            var parts: [UnsafeRawBufferPointer] = unsafe []
            for argument in arguments {
                unsafe parts.append(UnsafeRawBufferPointer(rebasing: all[offset..<offset + argument.count]))
                offset += argument.count
            }
            return unsafe append(parts, token: token)
        }
    }

    /// Writes what waits and reads what came; each answer goes to `deliver` with its command's token, in order.
    /// Throws when the connection cannot be used any more: close it.
    package func advance(_ deliver: (UInt64, borrowing RedisAnswer) -> Void) throws(RedisError) {
        guard let context = unsafe context else { return }
        if unwritten {
            var done: Int32 = 0
            guard unsafe redisBufferWrite(context, &done) == REDIS_OK else { throw unsafe failure(context) }
            unwritten = done == 0
        }
        guard unsafe redisBufferRead(context) == REDIS_OK else { throw unsafe failure(context) }
        while true {
            var reply: UnsafeMutableRawPointer?
            guard unsafe redisGetReplyFromReader(context, &reply) == REDIS_OK else { throw unsafe failure(context) }
            guard let reply = unsafe reply else { break }
            let answer = unsafe RedisAnswer(owning: reply.assumingMemoryBound(to: redisReply.self))
            guard answered < pending.count else { throw .unexpectedReply("nothing") }
            let command = pending[answered]
            answered += 1
            if let greeting = command.greeting {
                try judge(greeting, answer)
            } else {
                deliver(command.token, answer)
            }
        }
        if answered == pending.count || answered > 1_024 {
            pending.removeFirst(answered)
            answered = 0
        }
        if status == .greeting && pending.isEmpty { status = .open }
    }

    /// Ends the connection; the tokens of the commands whose outcome is unknown.
    package func close() -> [UInt64] {
        if let context = unsafe context { unsafe redisFree(context) }
        unsafe context = nil
        status = .closed
        unwritten = false
        scriptNames = []
        defer {
            pending = []
            answered = 0
        }
        return pending.dropFirst(answered).filter { $0.greeting == nil }.map(\.token)
    }

    // MARK: - Private

    private func greet(_ command: [String], _ greeting: Greeting = .anything) {
        guard let context = unsafe context else { return }
        var lengths = command.map(\.utf8.count)
        let text = command.map { Array($0.utf8CString) }
        var pointers: [UnsafePointer<CChar>?] = unsafe []
        // The arrays outlive the call, which copies them.
        withExtendedLifetime(text) {
            for argument in text { unsafe argument.withUnsafeBufferPointer { unsafe pointers.append($0.baseAddress) } }
            _ = unsafe redisAppendCommandArgv(context, Int32(command.count), &pointers, &lengths)
        }
        pending.append(Pending(token: 0, greeting: greeting))
        unwritten = true
    }

    private func judge(_ greeting: Greeting, _ answer: borrowing RedisAnswer) throws(RedisError) {
        if let refusal = answer.refusal { throw .refused(refusal) }
        if greeting == .script { scriptNames.append(answer.string ?? []) }
        guard greeting == .primary else { return }
        guard answer.first?.elementsEqual("master".utf8) == true else { throw .refused("the server is a replica") }
    }

    private func failure(_ context: UnsafeMutablePointer<redisContext>) -> RedisError {
        .unreachable(unsafe describe(context))
    }
}

/// hiredis' own words for what went wrong with a connection.
func describe(_ context: UnsafeMutablePointer<redisContext>) -> String {
    unsafe withUnsafeBytes(of: context.pointee.errstr) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
}
