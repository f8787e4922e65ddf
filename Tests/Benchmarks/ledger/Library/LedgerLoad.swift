internal import Concurrency
internal import Domain
internal import Glibc
internal import Ledger
internal import Persistence
internal import Postgres

/// Writes transfers as billing-worker's lanes do, by the same calls, and as eight clients would who know no lanes.
package enum LedgerLoad {
    /// DATABASE_URL names a migrated database; the arguments are `lanes COUNT BATCH SECONDS`, `naive CLIENTS SECONDS` or, with
    /// a billing-worker on NATS_URL, `posts CLIENTS SECONDS`. Prints one JSON object; ends with 1 when money was lost.
    package static func run() async -> Int32 {
        let words = Array(CommandLine.arguments.dropFirst())
        let numbers = words.dropFirst().compactMap { Int($0) }
        guard let url = unsafe getenv("DATABASE_URL").map({ unsafe String(cString: $0) }),
            numbers.count == words.count - 1, numbers.allSatisfy({ $0 > 0 })
        else { return usage() }
        do {
            let tally: LoadTally
            switch (words.first, numbers.count) {
            case ("lanes", 3):
                tally = try await LaneLoad.run(url: url, lanes: numbers[0], batch: numbers[1], seconds: numbers[2])
            case ("naive", 2): tally = try await NaiveLoad.run(url: url, clients: numbers[0], seconds: numbers[1])
            case ("posts", 2):
                guard let nats = unsafe getenv("NATS_URL").map({ unsafe String(cString: $0) }) else { return usage() }
                tally = try await PostLoad.run(url: url, nats: nats, clients: numbers[0], seconds: numbers[1])
            default: return usage()
            }
            print(tally.json)
            return tally.isBalanced ? 0 : 1
        } catch {
            return end(1, "ledger-load: \(error)")
        }
    }

    private static func usage() -> Int32 {
        end(
            64,
            "usage: DATABASE_URL=... ledger-load lanes COUNT BATCH SECONDS | naive CLIENTS SECONDS | posts CLIENTS SECONDS"
        )
    }

    private static func end(_ code: Int32, _ text: String) -> Int32 {
        let line = Array((text + "\n").utf8)
        _ = unsafe write(STDERR_FILENO, line, line.count)
        return code
    }
}
