internal import Billing
internal import Concurrency
internal import Events
internal import Ledger
internal import Synchronization

/// Commands that wait for their turn to be sent. One message of a lane is on its way at a time: whoever comes meanwhile waits, and the
/// first of those takes all of them along. Who comes alone waits for nobody. No task of its own: each message is sent by one of those
/// whose commands are in it.
final class CommandLine: Sendable {
    struct Entry: Sendable {
        let command: MoneyCommand
        /// Until then its sender waits for an answer.
        let end: Deadline
    }

    enum Turn: Sendable {
        /// Send these, the own one first, and then ``leave(_:_:_:)``.
        case lead([Entry])
        /// Somebody sent it along: where its answer comes.
        case sent(UInt64)
        case failed(any Error)
    }

    private struct Waiting: Sendable {
        let entry: Entry
        let turn: CheckedContinuation<Turn, Never>
    }

    /// Of a lane of which a message is on its way.
    private struct Queue {
        /// Those whose commands are on their way with another's, behind its own.
        var riding: [CheckedContinuation<Turn, Never>] = []
        var waiting: [Waiting] = []
    }

    private let queues = Mutex<[Lane: Queue]>([:])

    func enter(_ command: MoneyCommand, until end: Deadline) async -> Turn {
        let entry = Entry(command: command, end: end)
        return await withCheckedContinuation { turn in
            let isFirst = queues.withLock { queues in
                guard queues[command.lane] != nil else {
                    queues[command.lane] = Queue()
                    return true
                }
                queues[command.lane]?.waiting.append(Waiting(entry: entry, turn: turn))
                return false
            }
            if isFirst { turn.resume(returning: .lead([entry])) }
        }
    }

    /// How many wait for a lane.
    func waiting(_ lane: Lane) -> Int { queues.withLock { $0[lane]?.waiting.count ?? 0 } }

    /// The message is stored, or was not: tells those who rode along, and lets the next one lead. `first` is where the answer to the
    /// leader's own command comes, the others' behind it.
    func leave(_ lane: Lane, _ batch: [Entry], _ result: Result<UInt64, any Error>) {
        let (riding, next) = queues.withLock { queues in
            let riding = queues[lane]?.riding ?? []
            guard let waiting = queues[lane]?.waiting, let leader = waiting.first else {
                queues[lane] = nil
                return (riding, (Waiting, [Entry])?.none)
            }
            let others = waiting.dropFirst().prefix(MoneyCommands.most - 1)
            queues[lane] = Queue(
                riding: others.map(\.turn),
                waiting: Array(waiting.dropFirst(1 + others.count))
            )
            return (riding, (leader, [leader.entry] + others.map(\.entry)))
        }
        precondition(riding.count == batch.count - 1, "everybody of a message is told")
        for (place, turn) in riding.enumerated() {
            switch result {
            case .success(let first): turn.resume(returning: .sent(first + UInt64(place) + 1))
            case .failure(let error): turn.resume(returning: .failed(error))
            }
        }
        if let (leader, batch) = next { leader.turn.resume(returning: .lead(batch)) }
    }
}
