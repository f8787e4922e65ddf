internal import Billing
internal import Concurrency
internal import Events
internal import Ledger
internal import Synchronization

/// Commands that wait for their turn to be sent. One message of a lane is on its way at a time: whoever comes meanwhile waits, and the
/// first of those takes all of them along. Who comes alone waits for nobody. No task of its own: each message is sent by one of those
/// whose commands are in it. Where he is cancelled the others send theirs again: whether his message left is not known, and the same
/// command under the same key has one effect.
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
        var riding: [Waiting] = []
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

    /// The leader's message with whoever came meanwhile.
    func joined(_ lane: Lane, _ batch: [Entry]) -> [Entry] {
        queues.withLock { queues in
            guard let queue = queues[lane] else { return batch }
            let others = queue.waiting.prefix(MoneyCommands.most - batch.count)
            queues[lane] = Queue(riding: queue.riding + others, waiting: Array(queue.waiting.dropFirst(others.count)))
            return batch + others.map(\.entry)
        }
    }

    /// How many wait for a lane.
    func waiting(_ lane: Lane) -> Int { queues.withLock { $0[lane]?.waiting.count ?? 0 } }

    /// The message is stored, or was not: tells those who rode along, and lets the next one lead. `first` is where the answer to the
    /// leader's own command comes, the others' behind it. Whoever waited for his whole time is told that nothing was sent.
    func leave(_ lane: Lane, _ batch: [Entry], _ result: Result<UInt64, any Error>) {
        var told: [(Waiting, Turn)] = []
        queues.withLock { queues in
            guard let queue = queues[lane] else { return }
            precondition(queue.riding.count == batch.count - 1, "everybody of a message is told")
            var waiting = queue.waiting[...]
            switch result {
            case .success(let first):
                for (place, rider) in queue.riding.enumerated() {
                    told.append((rider, .sent(first + UInt64(place) + 1)))
                }
            case .failure(let error) where error is CancellationError: waiting = (queue.riding + queue.waiting)[...]
            case .failure(let error): told += queue.riding.map { ($0, .failed(error)) }
            }
            for late in waiting where late.entry.end.hasPassed { told.append((late, .failed(NotSent()))) }
            waiting = waiting.filter { !$0.entry.end.hasPassed }[...]
            guard let leader = waiting.popFirst() else {
                queues[lane] = nil
                return
            }
            let others = waiting.prefix(MoneyCommands.most - 1)
            queues[lane] = Queue(riding: Array(others), waiting: Array(waiting.dropFirst(others.count)))
            told.append((leader, .lead([leader.entry] + others.map(\.entry))))
        }
        for (waiting, turn) in told { waiting.turn.resume(returning: turn) }
    }
}

/// A command's turn did not come while its sender waited: nobody has it.
package struct NotSent: Error, Equatable, CustomStringConvertible {
    package init() {}

    package var description: String { "the command was not sent: those before it took all the time" }
}
