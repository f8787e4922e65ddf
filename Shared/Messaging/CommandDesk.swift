package import Billing
internal import Concurrency
package import Domain
internal import Events
package import NATS
internal import WireFormat

/// Sends commands to the ledger over JetStream and hears what became of them.
///
/// A command is stored before anybody waits for its answer, so that it is done even if nobody is there to do it now. The answer
/// comes over core NATS and may be lost: the same command again, with the same key, is answered with what was decided.
///
/// While a message for a lane is on its way to JetStream, what comes for that lane waits and is the next one (``CommandLine``).
package final class CommandDesk: MoneyDesk {
    private let table = AnswerTable()
    private let line = CommandLine()
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
                guard let first = UInt64(token), let answers = try? MoneyAnswers(json: payload) else { return }
                for numbered in answers.answers { table.answer(first + UInt64(numbered.place), numbered.answer) }
            },
            tick: { [table] in table.expire() }
        )
    }

    /// Throws ``EventNotAcknowledged`` where JetStream did not say within 10 s that it has the command, and ``NotSent`` where it did not
    /// take those before it while `wait` lasted.
    package func submit(_ command: MoneyCommand, within wait: Duration) async throws -> MoneyAnswer? {
        let token: UInt64
        switch await line.enter(command, until: .after(wait)) {
        case .sent(let sent): token = sent
        case .failed(let error): throw error
        case .lead(let batch):
            // Whose payments were kept in one commit ask at one moment: they come along, where the first would go alone.
            if batch.count == 1 { await Task.yield() }
            token = try await send(line.joined(command.lane, batch))
        }
        return await table.wait(token)
    }

    /// Sends a message, tells those whose commands are in it, and says where the answer to the first comes.
    private func send(_ batch: [CommandLine.Entry]) async throws -> UInt64 {
        let lane = batch[0].command.lane
        let first = table.open(until: batch.map(\.end))
        do {
            // An id of its own for each sending: of two senders of one command each wants an answer.
            try await publisher.publish(
                MoneyCommands.json(batch.map(\.command)),
                subject: Subjects.ledgerCommands(lane),
                messageID: ids.uuid().description,
                headers: [(replyHeader, "\(inbox.prefix).\(first)")]
            )
        } catch {
            table.close(first, count: batch.count)
            line.leave(lane, batch, .failure(error))
            throw error
        }
        line.leave(lane, batch, .success(first))
        return first
    }

    /// Stops. Whoever waits is told that nothing is known once his time is over.
    package func close() async {
        await publisher.close()
        await inbox.close()
    }
}
