import Billing
import Concurrency
import Domain
import Events
import Ledger
import Messaging
import Observability
import Persistence

/// Does the commands of one lane: reads them, plans them, has them written and tells their senders.
struct LaneBatch: Sendable {
    let writer: LaneWriter
    let planner: MoneyPlanner
    let metrics: LaneMetrics
    let logger: Logger
    /// Tells somebody; nothing happens where he is gone.
    let reply: @Sendable (_ subject: String, _ payload: [UInt8]) -> Void

    /// Returns once all of them are committed. Thrown at any point the commands come again, and those that were committed are
    /// answered with what was decided.
    func run(_ deliveries: [Delivery]) async throws {
        var readable: [(command: MoneyCommand, delivery: Delivery)] = []
        readable.reserveCapacity(deliveries.count)
        for delivery in deliveries {
            if let command = try? MoneyCommand(json: delivery.payload) {
                readable.append((command, delivery))
            } else {
                logger.error("command that cannot be read", ["subject": .string(delivery.subject)])
                answer(delivery, MoneyAnswer(.invalid(.unreadable)))
            }
        }
        let plans = try await planner.plan(readable.map(\.command))
        var due: [(command: TransferCommand, delivery: Delivery)] = []
        for ((_, delivery), plan) in zip(readable, plans) {
            switch plan {
            case .success(let command): due.append((command, delivery))
            case .failure(let error): answer(delivery, MoneyAnswer(.invalid(error.flaw)))
            }
        }
        var rest = due[...]
        while !rest.isEmpty {
            let part = rest.prefix(Self.fitting(rest))
            rest = rest.dropFirst(part.count)
            try await commit(Array(part))
        }
    }

    private func commit(_ part: [(command: TransferCommand, delivery: Delivery)]) async throws {
        let began = SystemClock.monotonicNanoseconds()
        let commit = try await writer.commit(part.map(\.command))
        metrics.committed(part.count, since: began)
        var entries: [Int32: [EntryRow]] = [:]
        for entry in commit.entries where entry.kind == .wallet { entries[entry.at.place, default: []].append(entry) }
        for ((command, delivery), decided) in zip(part, commit.answers) {
            answer(delivery, Self.answer(decided, entries, command))
        }
    }

    private static func answer(
        _ answer: TransferAnswer,
        _ entries: [Int32: [EntryRow]],
        _ command: TransferCommand
    ) -> MoneyAnswer {
        switch answer {
        case .keyReused: return MoneyAnswer(.keyReused)
        case .repeated(let decision):
            return MoneyAnswer(.decided(decision.verdict, decision.transferID, repeated: true))
        case .decided(let decision):
            let balances = (entries[decision.at.place] ?? []).filter { $0.account.tenantID == command.tenantID }
            return MoneyAnswer(
                .decided(decision.verdict, decision.transferID, repeated: false),
                balances: balances.map {
                    MoneyAnswer.Balance(
                        account: $0.account,
                        owner: $0.owner,
                        amount: $0.amount,
                        balance: $0.balanceAfter,
                        sequence: $0.sequence
                    )
                }
            )
        }
    }

    private func answer(_ delivery: Delivery, _ answer: MoneyAnswer) {
        metrics.answered(answer.outcome)
        if let subject = delivery.header(replyHeader) { reply(subject, answer.json) }
    }

    /// How many of them one batch takes: its commands and its legs are limited.
    private static func fitting(_ part: ArraySlice<(command: TransferCommand, delivery: Delivery)>) -> Int {
        var (count, legs) = (0, 0)
        for (command, _) in part {
            legs += max(2, command.action.accounts.count)
            guard count < LaneWriter.maximumCommands, legs <= LaneWriter.maximumLegs || count == 0 else { break }
            count += 1
        }
        return count
    }
}
