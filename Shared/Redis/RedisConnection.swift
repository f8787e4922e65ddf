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
        guard unsafe context.pointee.err == 0 else { throw unsafe .unreachable(describe(context)) }
        unsafe redisSetTimeout(context, limit)
        if let password = url.password { _ = try send(["AUTH"] + (url.user.map { [$0] } ?? []) + [password]) }
        if url.database != 0 { _ = try send(["SELECT", String(url.database)]) }
    }

    deinit { unsafe redisFree(context) }

    /// Sends one command and returns its answer as text.
    func send(_ command: [String]) throws(RedisError) -> String {
        let answer = try ask(command)
        if let number = answer.integer { return String(number) }
        guard let text = answer.string else { throw .unexpectedReply(command[0]) }
        return String(decoding: text, as: UTF8.self)
    }

    /// Sends one command. Arguments go by length, so none can be taken for a format. Throws `refused` for an error.
    func ask(_ command: [String]) throws(RedisError) -> RedisAnswer {
        let answer = unsafe withArguments(command.map { Array($0.utf8) }) { count, pointers, lengths in
            unsafe redisCommandArgv(context, count, pointers, lengths)
        }
        guard let answer = unsafe answer else { throw unsafe .unreachable(describe(context)) }
        let reply = unsafe RedisAnswer(owning: answer.assumingMemoryBound(to: redisReply.self))
        if let refusal = reply.refusal { throw .refused(refusal) }
        return reply
    }

    /// Sends the commands in one go and returns their answers in order; what the server refuses stands among them.
    func pipeline(_ commands: [[[UInt8]]]) throws(RedisError) -> [RedisValue] {
        for command in commands {
            let appended = unsafe withArguments(command) { count, pointers, lengths in
                unsafe redisAppendCommandArgv(context, count, pointers, lengths)
            }
            guard appended == REDIS_OK else { throw unsafe .unreachable(describe(context)) }
        }
        var answers: [RedisValue] = []
        answers.reserveCapacity(commands.count)
        for _ in commands {
            var reply: UnsafeMutableRawPointer?
            guard unsafe redisGetReply(context, &reply) == REDIS_OK, let reply = unsafe reply else {
                throw unsafe .unreachable(describe(context))
            }
            defer { unsafe freeReplyObject(reply) }
            answers.append(unsafe RedisValue(UnsafePointer(reply.assumingMemoryBound(to: redisReply.self))))
        }
        return answers
    }
}

/// A command's words as hiredis takes them: how many, where and how long. They are valid during the call.
private func withArguments<Result>(
    _ command: [[UInt8]],
    _ body: (Int32, UnsafeMutablePointer<UnsafePointer<CChar>?>, UnsafeMutablePointer<Int>) -> Result
) -> Result {
    var lengths = command.map(\.count)
    var storage = Array(command.joined())
    return unsafe storage.withUnsafeMutableBytes { bytes in
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
        return unsafe body(Int32(lengths.count), &pointers, &lengths)
    }
}
