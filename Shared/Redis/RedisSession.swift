internal import Concurrency
internal import Synchronization

/// A connection to Redis for tasks: each call is a pipeline of commands, carried out on a thread of the session's own in the
/// order of the calls. Calls that came while earlier ones waited for their answers travel together. Connects by itself with
/// the next call after a failure; whether the commands of a call that failed were carried out is unknown. Only a primary is
/// used.
package final class RedisSession: Sendable {
    private let link: Link
    private let mailbox = Monitor(Mailbox())

    private struct Mailbox {
        var calls: [Call] = []
        var isStopping = false
    }

    /// Commands with somebody who waits for their answers.
    private struct Call: Sendable {
        /// What stands in front of each of them.
        let script: Script?
        let commands: @Sendable () -> [[[UInt8]]]
        let answer: @Sendable (Result<[RedisValue], RedisError>) -> Void
    }

    private struct Script: Sendable {
        let number: Int
        let keys: [[UInt8]]
    }

    /// `scripts` are loaded with each connection: see ``run(_:keys:arguments:)``. Connecting and each call may take `timeout`.
    package convenience init(
        _ url: RedisURL,
        scripts: [String] = [],
        timeout: Duration = .seconds(5),
        name: String = "redis"
    ) {
        self.init(scripts: scripts, timeout: timeout, name: name) { url }
    }

    /// The same where sentinels know the primary: they are asked before each connection.
    package convenience init(
        _ place: RedisPlace,
        scripts: [String] = [],
        timeout: Duration = .seconds(5),
        name: String = "redis"
    ) {
        self.init(scripts: scripts, timeout: timeout, name: name) { () throws(RedisError) in
            try place.primary(.seconds(1))
        }
    }

    /// `locate` tells, on the session's thread and before each connection, where the server is.
    package init(
        scripts: [String],
        timeout: Duration,
        name: String,
        locate: @escaping @Sendable () throws(RedisError) -> RedisURL
    ) {
        link = Link(locate: locate, scripts: scripts, timeout: timeout)
        do throws(SystemError) {
            _ = try PlatformThread.start(name: name) { [link, mailbox] in Self.serve(mailbox, link) }
        } catch {
            preconditionFailure("no thread for \(name): \(error)")
        }
    }

    deinit { mailbox.withLock(waking: .all) { $0.isStopping = true } }

    /// Grows with every connection: what was known of the server may hold no more when it did.
    package var connections: Int { link.connections.load(ordering: .acquiring) }

    /// Sends the commands in one go; their answers in order, none of them a refusal. Throws `RedisError`.
    package func pipeline(_ commands: [[[UInt8]]]) async throws -> [RedisValue] {
        try await call(nil, commands)
    }

    /// One command of text.
    package func command(_ words: String...) async throws -> RedisValue {
        try await pipeline([words.map { Array($0.utf8) }]).first ?? .none
    }

    /// Runs the script of that number once for each list of arguments, in one pipeline.
    package func run(_ script: Int, keys: [[UInt8]] = [], arguments: [[[UInt8]]]) async throws -> [RedisValue] {
        try await call(Script(number: script, keys: keys), arguments)
    }

    /// The same without waiting: `answer` is called on the session's thread, and must not wait for anything.
    package func pipeline(
        _ commands: [[[UInt8]]],
        answer: @escaping @Sendable (Result<[RedisValue], RedisError>) -> Void
    ) {
        let call = Call(script: nil, commands: { commands }, answer: answer)
        mailbox.withLock(waking: .one) { $0.calls.append(call) }
    }

    /// Runs the script of that number once, with arguments that are asked for when it goes out: they may hold what came
    /// after this call. Both closures run on the session's thread and must not wait for anything.
    package func run(
        _ script: Int,
        gathering arguments: @escaping @Sendable () -> [[UInt8]],
        answer: @escaping @Sendable (Result<RedisValue, RedisError>) -> Void
    ) {
        let call = Call(script: Script(number: script, keys: []), commands: { [arguments()] }) { result in
            answer(result.map { $0.first ?? .none })
        }
        mailbox.withLock(waking: .one) { $0.calls.append(call) }
    }

    private func call(_ script: Script?, _ commands: [[[UInt8]]]) async throws -> [RedisValue] {
        guard !commands.isEmpty else { return [] }
        return try await withCheckedContinuation { continuation in
            let call = Call(script: script, commands: { commands }) { continuation.resume(returning: $0) }
            mailbox.withLock(waking: .one) { $0.calls.append(call) }
        }.get()
    }

    /// The session's thread: whatever came while it waited for the last answers goes out next.
    private static func serve(_ mailbox: Monitor<Mailbox>, _ link: Link) {
        while true {
            let calls = mailbox.wait(for: { !$0.calls.isEmpty || $0.isStopping }) { mailbox in
                defer { mailbox.calls = [] }
                return mailbox.calls
            }
            guard let calls, !calls.isEmpty else { return }
            carryOut(calls, link)
        }
    }

    private static func carryOut(_ calls: [Call], _ link: Link) {
        let commands = calls.map { $0.commands() }
        var answers: ArraySlice<RedisValue>
        do throws(RedisError) {
            answers = try link.pipeline(calls.map(\.script), commands)[...]
        } catch {
            for call in calls { call.answer(.failure(error)) }
            return
        }
        for (call, commands) in zip(calls, commands) {
            let own = answers.prefix(commands.count)
            answers = answers.dropFirst(commands.count)
            if let reason = own.lazy.compactMap(\.reasonOfRefusal).first {
                call.answer(.failure(.refused(reason)))
            } else {
                call.answer(.success(Array(own)))
            }
        }
    }

    // SAFETY: everything but `connections`, an atomic, is touched on the session's thread alone.
    private final class Link: @unchecked Sendable {
        let connections = Atomic<Int>(0)
        private let locate: @Sendable () throws(RedisError) -> RedisURL
        private let scripts: [String]
        private let timeout: Duration
        private var connection: RedisConnection?
        private var names: [[UInt8]] = []

        init(
            locate: @escaping @Sendable () throws(RedisError) -> RedisURL,
            scripts: [String],
            timeout: Duration
        ) {
            self.locate = locate
            self.scripts = scripts
            self.timeout = timeout
        }

        /// Sends everything in one go; what the server refuses stands among the answers.
        func pipeline(_ scripts: [Script?], _ calls: [[[[UInt8]]]]) throws(RedisError) -> [RedisValue] {
            let answers: [RedisValue]
            do throws(RedisError) {
                let connection = try connected()
                var commands: [[[UInt8]]] = []
                for (script, call) in zip(scripts, calls) {
                    guard let script else {
                        commands += call
                        continue
                    }
                    let head =
                        [Array("EVALSHA".utf8), names[script.number], Array(String(script.keys.count).utf8)]
                        + script.keys
                    for arguments in call { commands.append(head + arguments) }
                }
                answers = try connection.pipeline(commands)
            } catch {
                connection = nil
                throw error
            }
            // A server that forgot the scripts, or is no primary any more, is connected to anew.
            if answers.contains(where: { $0.reasonOfRefusal != nil }) { connection = nil }
            return answers
        }

        private func connected() throws(RedisError) -> RedisConnection {
            if let connection { return connection }
            let made = try RedisConnection(try locate(), timeout: timeout)
            let role = try made.pipeline([[Array("ROLE".utf8)]]).first?.elements?.first?.octets
            guard role?.elementsEqual("master".utf8) == true else { throw .refused("the server is a replica") }
            names = []
            for script in scripts {
                let answer = try made.pipeline([["SCRIPT", "LOAD", script].map { Array($0.utf8) }]).first
                guard let name = answer?.octets else { throw .refused("a script: \(answer ?? .none)") }
                names.append(name)
            }
            connection = made
            connections.wrappingAdd(1, ordering: .releasing)
            return made
        }
    }
}

extension RedisValue {
    fileprivate var reasonOfRefusal: String? {
        if case .refusal(let reason) = self { reason } else { nil }
    }
}
