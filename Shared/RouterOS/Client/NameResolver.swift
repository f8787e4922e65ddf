import Concurrency

/// Looks names up on threads of its own: the system's resolver blocks, for many seconds where a name server is away.
final class NameResolver: Sendable {
    private struct Question: Sendable {
        let host: String
        let port: UInt16
        let answer: @Sendable ([SocketAddress]) -> Void
    }

    private struct Mailbox {
        var questions: [Question] = []
        var isStopping = false
    }

    private static let longestQueue = 1_000
    private let mailbox = Monitor(Mailbox())

    /// Throws where the system has no thread left.
    init(threads: Int = 2) throws(SystemError) {
        for index in 0..<threads {
            _ = try PlatformThread.start(name: "routeros-dns-\(index)") { [mailbox] in Self.serve(mailbox) }
        }
    }

    /// Does not wait; `answer` is called on a thread of the resolver, with nothing where the name has no address or too many
    /// ask already.
    func resolve(_ host: String, port: UInt16, _ answer: @escaping @Sendable ([SocketAddress]) -> Void) {
        let isTaken = mailbox.withLock(waking: .one) { mailbox in
            guard mailbox.questions.count < Self.longestQueue, !mailbox.isStopping else { return false }
            mailbox.questions.append(Question(host: host, port: port, answer: answer))
            return true
        }
        if !isTaken { answer([]) }
    }

    /// Lets the threads end, after the look-ups that they are at.
    func stop() { mailbox.withLock(waking: .all) { $0.isStopping = true } }

    private static func serve(_ mailbox: Monitor<Mailbox>) {
        while true {
            let question = mailbox.wait(for: { !$0.questions.isEmpty || $0.isStopping }) { mailbox -> Question? in
                mailbox.isStopping ? nil : mailbox.questions.removeFirst()
            }
            guard let question = question ?? nil else { return }
            question.answer(SocketAddress.all(host: question.host, port: question.port))
        }
    }
}
