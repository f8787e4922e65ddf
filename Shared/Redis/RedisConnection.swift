internal import CHiredis
internal import Concurrency
internal import Glibc

/// One blocking connection, for one thread.
/// SAFETY: the context is owned here and freed once, in deinit.
@safe final class RedisConnection {
    private let context: UnsafeMutablePointer<redisContext>

    /// Connects, authenticates and selects the database.
    init(_ url: RedisURL, timeout: Duration) throws(RedisError) {
        let limit = timeval(
            tv_sec: Int(timeout.wholeNanoseconds / 1_000_000_000),
            tv_usec: Int(timeout.wholeNanoseconds / 1_000 % 1_000_000)
        )
        guard let context = unsafe redisConnectWithTimeout(url.host, Int32(url.port), limit) else {
            throw .unreachable("no memory")
        }
        unsafe self.context = context
        guard unsafe context.pointee.err == 0 else { throw unsafe .unreachable(Self.reason(context)) }
        unsafe redisSetTimeout(context, limit)
        if let password = url.password { _ = try send(["AUTH"] + (url.user.map { [$0] } ?? []) + [password]) }
        if url.database != 0 { _ = try send(["SELECT", String(url.database)]) }
    }

    deinit { unsafe redisFree(context) }

    /// Sends one command and returns its answer as text. Arguments go by length, so none can be taken for a format.
    func send(_ command: [String]) throws(RedisError) -> String {
        let arguments = command.map { Array($0.utf8) }
        var lengths = arguments.map(\.count)
        var storage = arguments.flatMap { $0 }
        let answer = unsafe storage.withUnsafeMutableBytes { bytes in
            var offset = 0
            var pointers: [UnsafePointer<CChar>?] = unsafe []
            for length in lengths {
                unsafe pointers.append(
                    bytes.baseAddress.map { base in
                        unsafe UnsafePointer((base + offset).assumingMemoryBound(to: CChar.self))
                    }
                )
                offset += length
            }
            return unsafe redisCommandArgv(context, Int32(lengths.count), &pointers, &lengths)
        }
        guard let answer = unsafe answer else { throw unsafe .unreachable(Self.reason(context)) }
        defer { unsafe freeReplyObject(answer) }
        let reply = unsafe answer.assumingMemoryBound(to: redisReply.self).pointee
        let text = unsafe reply.str.map { start in
            unsafe String(decoding: UnsafeRawBufferPointer(start: start, count: Int(reply.len)), as: UTF8.self)
        }
        switch unsafe reply.type {
        case REDIS_REPLY_ERROR: throw .refused(text ?? "")
        case REDIS_REPLY_STRING, REDIS_REPLY_STATUS: return text ?? ""
        case REDIS_REPLY_INTEGER: return String(unsafe reply.integer)
        default: throw .unexpectedReply(command[0])
        }
    }

    private static func reason(_ context: UnsafeMutablePointer<redisContext>) -> String {
        unsafe withUnsafeBytes(of: context.pointee.errstr) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}
