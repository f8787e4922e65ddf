import Billing
import Synchronization

/// Gives one answer to everything, and remembers what it was asked.
final class AnsweringDesk: MoneyDesk {
    let answer: MoneyAnswer?
    let asked = Mutex<[MoneyCommand]>([])

    init(_ answer: MoneyAnswer?) { self.answer = answer }

    func submit(_ command: MoneyCommand, within wait: Duration) async throws -> MoneyAnswer? {
        asked.withLock { $0.append(command) }
        return answer
    }
}
