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
    let payments: PaymentMetrics
    let logger: Logger
    /// Commands of one commit at most.
    let most: Int
    /// Tells somebody; nothing happens where he is gone.
    let reply: @Sendable (_ subject: String, _ payload: [UInt8]) -> Void

    /// Returns once all of them are committed and answered. Thrown at any point the messages come again, and what was committed is
    /// answered with what was decided. One command that cannot be written keeps its message from being done, and no other command.
    func run(_ deliveries: [Delivery]) async throws {
        var answers = LaneAnswers(deliveries, reply, logger)
        let asked = answers.open()
        for _ in 0..<answers.unreadable { metrics.answered(.invalid(.unreadable)) }
        let fault: (any Error)?
        do {
            fault = try await answer(asked, &answers)
        } catch {
            answers.send()
            throw error
        }
        answers.send()
        if let fault { throw fault }
    }

    /// What is wrong with one of them, if anything is.
    private func answer(_ asked: [LaneAnswers.Asked], _ answers: inout LaneAnswers) async throws -> (any Error)? {
        let plans = try await planner.plan(asked.map(\.command))
        var due: [Due] = []
        for (asked, plan) in zip(asked, plans) {
            switch plan {
            case .success(let command): due.append((command, asked))
            case .failure(let error): tell(asked, MoneyAnswer(.invalid(error.flaw)), &answers)
            }
        }
        var fault: (any Error)?
        var rest = due[...]
        while !rest.isEmpty {
            let part = rest.prefix(fitting(rest))
            rest = rest.dropFirst(part.count)
            fault = try await commit(part, &answers) ?? fault
        }
        return fault
    }

    private typealias Due = (command: TransferCommand, asked: LaneAnswers.Asked)

    /// Commits a part; where the database refuses it for the sake of one command, its halves by themselves.
    private func commit(_ part: ArraySlice<Due>, _ answers: inout LaneAnswers) async throws -> (any Error)? {
        let began = SystemClock.monotonicNanoseconds()
        let commit: LaneCommit
        switch await written(part) {
        case .success(let written): commit = written
        case .failure(let fault):
            guard LaneRunner.failure(fault) == .message else { throw fault }
            guard part.count > 1 else { return fault }
            let middle = part.startIndex + part.count / 2
            let first = try await self.commit(part[..<middle], &answers)
            let second = try await self.commit(part[middle...], &answers)
            return first ?? second
        }
        metrics.committed(part.count, since: began)
        var entries: [Int32: [EntryRow]] = [:]
        for entry in commit.entries where entry.kind == .wallet { entries[entry.at.place, default: []].append(entry) }
        for payment in commit.payments { payments.ended(payment) }
        for (place, ((command, asked), decided)) in zip(part, commit.answers).enumerated() {
            tell(asked, Self.answer(decided, entries, command, commit.endings[place]), &answers)
        }
        return nil
    }

    private func written(_ part: ArraySlice<Due>) async -> Result<LaneCommit, LaneFault> {
        do throws(LaneFault) { return .success(try await writer.commit(part.map(\.command))) } catch {
            return .failure(error)
        }
    }

    private func tell(_ asked: LaneAnswers.Asked, _ answer: MoneyAnswer, _ answers: inout LaneAnswers) {
        metrics.answered(answer.outcome)
        answers.tell(asked, answer)
    }

    private static func answer(
        _ answer: TransferAnswer,
        _ entries: [Int32: [EntryRow]],
        _ command: TransferCommand,
        _ ending: MoneyAnswer.Ending?
    ) -> MoneyAnswer {
        switch answer {
        case .keyReused: return MoneyAnswer(.keyReused)
        case .repeated(let decision):
            return MoneyAnswer(.decided(decision.verdict, decision.transferID, repeated: true), ending: ending)
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
                },
                ending: ending
            )
        }
    }

    /// How many of them one batch takes: its commands and its legs are limited.
    private func fitting(_ part: ArraySlice<Due>) -> Int {
        var (count, legs) = (0, 0)
        for (command, _) in part {
            legs += max(2, command.action.accounts.count)
            guard count < most, legs <= LaneWriter.maximumLegs || count == 0 else { break }
            count += 1
        }
        return count
    }
}
