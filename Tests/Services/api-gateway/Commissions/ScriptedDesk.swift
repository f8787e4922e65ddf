import Billing
import Domain
import Ledger
import Synchronization

/// A desk of money for tests: it keeps what it is asked for and answers as it was told to, in turn. It moves nothing.
final class ScriptedDesk: MoneyDesk {
    /// What it does with the next command.
    enum Reply: Sendable {
        case answer(MoneyAnswer.Outcome)
        /// Posts it under the command's own id, as the ledger does.
        case post
        /// Nobody knows.
        case silence
        /// The command could not be stored.
        case failure
    }

    struct Unreachable: Error {}

    private let replies = Mutex<[Reply]>([])
    private let asked = Mutex<[MoneyCommand]>([])

    /// The commands that it had, the first of them first.
    var commands: [MoneyCommand] { asked.withLock { $0 } }

    /// What it had for one tenant.
    func commands(of tenant: TenantID) -> [MoneyCommand] { commands.filter { $0.tenantID == tenant } }

    func script(_ next: Reply...) { replies.withLock { $0 += next } }

    /// Without a script nobody knows.
    func submit(_ command: MoneyCommand, within wait: Duration) async throws -> MoneyAnswer? {
        asked.withLock { $0.append(command) }
        switch replies.withLock({ $0.isEmpty ? .silence : $0.removeFirst() }) {
        case .answer(let outcome): return MoneyAnswer(outcome)
        case .post: return MoneyAnswer(.decided(.posted, command.id, repeated: false))
        case .silence: return nil
        case .failure: throw Unreachable()
        }
    }
}
