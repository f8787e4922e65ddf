package import Billing
internal import Concurrency
package import Domain
internal import Events
internal import Ledger
package import NATS
internal import Synchronization
internal import WireFormat

/// Sends commands to the ledger over JetStream and hears what became of them.
///
/// A command is stored before anybody waits for its answer, so that it is done even if nobody is there to do it now. The answer
/// comes over core NATS and may be lost: the same command again, with the same key, is answered with what was decided.
package final class CommandDesk: MoneyDesk {
    private enum Waiting {
        case nobody(until: Deadline)
        case somebody(CheckedContinuation<MoneyAnswer?, Never>, until: Deadline)
        case answered(MoneyAnswer)
    }

    /// Shared with the inbox's thread.
    private final class Table: Sendable {
        private struct Contents {
            var next: UInt64 = 0
            var waiting: [UInt64: Waiting] = [:]
        }

        private let contents = Mutex(Contents())

        func open(until end: Deadline) -> UInt64 {
            contents.withLock { contents in
                contents.next += 1
                contents.waiting[contents.next] = .nobody(until: end)
                return contents.next
            }
        }

        func close(_ token: UInt64) { _ = contents.withLock { $0.waiting.removeValue(forKey: token) } }

        func answer(_ token: UInt64, _ answer: MoneyAnswer) {
            let waiter = contents.withLock { contents -> CheckedContinuation<MoneyAnswer?, Never>? in
                switch contents.waiting[token] {
                case .none, .answered: return nil
                case .nobody:
                    contents.waiting[token] = .answered(answer)
                    return nil
                case .somebody(let continuation, _):
                    contents.waiting[token] = nil
                    return continuation
                }
            }
            waiter?.resume(returning: answer)
        }

        /// Nil once the time is over.
        func wait(_ token: UInt64) async -> MoneyAnswer? {
            await withCheckedContinuation { continuation in
                let (isKnown, answer) = contents.withLock { contents -> (Bool, MoneyAnswer?) in
                    switch contents.waiting[token] {
                    case .answered(let answer):
                        contents.waiting[token] = nil
                        return (true, answer)
                    case .nobody(let end) where !end.hasPassed:
                        contents.waiting[token] = .somebody(continuation, until: end)
                        return (false, nil)
                    default:
                        contents.waiting[token] = nil
                        return (true, nil)
                    }
                }
                if isKnown { continuation.resume(returning: answer) }
            }
        }

        func expire() {
            let waiters = contents.withLock { contents in
                contents.waiting.compactMap { token, waiting -> CheckedContinuation<MoneyAnswer?, Never>? in
                    guard case .somebody(let continuation, let end) = waiting, end.hasPassed else { return nil }
                    contents.waiting[token] = nil
                    return continuation
                }
            }
            for waiter in waiters { waiter.resume(returning: nil) }
        }
    }

    private let table = Table()
    private let inbox: ReplyInbox
    private let publisher: EventPublisher
    private let ids: IDGenerator

    /// Listens for answers at once; waits for no connection.
    package init(_ client: NATSClient, ids: IDGenerator) throws {
        self.ids = ids
        publisher = try EventPublisher(client, limit: .seconds(10))
        inbox = try ReplyInbox(
            client,
            answer: { [table] token, payload in
                guard let token = UInt64(token), let answer = try? MoneyAnswer(json: payload) else { return }
                table.answer(token, answer)
            },
            tick: { [table] in table.expire() }
        )
    }

    /// Throws ``EventNotAcknowledged`` where JetStream did not say within 10 s that it has the command.
    package func submit(_ command: MoneyCommand, within wait: Duration) async throws -> MoneyAnswer? {
        let token = table.open(until: .after(wait))
        do {
            // An id of its own for each sending: of two senders of one command each wants an answer.
            try await publisher.publish(
                command.json,
                subject: Subjects.ledgerCommands(command.lane),
                messageID: ids.uuid().description,
                headers: [(replyHeader, "\(inbox.prefix).\(token)")]
            )
        } catch {
            table.close(token)
            throw error
        }
        return await table.wait(token)
    }

    /// Stops. Whoever waits is told that nothing is known once his time is over.
    package func close() async {
        await publisher.close()
        await inbox.close()
    }
}
