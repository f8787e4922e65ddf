internal import Billing
internal import Concurrency
internal import Synchronization

/// Who waits for which answer. Shared with the inbox's thread.
final class AnswerTable: Sendable {
    private enum Waiting {
        case nobody(until: Deadline)
        case somebody(CheckedContinuation<MoneyAnswer?, Never>, until: Deadline)
        case answered(MoneyAnswer)
    }

    private struct Contents {
        var next: UInt64 = 0
        var waiting: [UInt64: Waiting] = [:]
    }

    private let contents = Mutex(Contents())

    /// A token for each, one after the other; the first of them.
    func open(until ends: [Deadline]) -> UInt64 {
        contents.withLock { contents in
            let first = contents.next
            for end in ends {
                contents.waiting[contents.next] = .nobody(until: end)
                contents.next += 1
            }
            return first
        }
    }

    func close(_ first: UInt64, count: Int) {
        contents.withLock { contents in
            for token in first..<first + UInt64(count) { contents.waiting.removeValue(forKey: token) }
        }
    }

    /// Nothing happens where nobody waits any more.
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
