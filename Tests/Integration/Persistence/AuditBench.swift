import Concurrency
import Domain
import FoundationEssentials
import Glibc
import Persistence
import Postgres
import SharedTesting
import Testing

/// How many entries a second one tenant's chain takes. `NEXORA_BENCH=1` runs it and prints the table.
@Suite(.serialized, .enabled(if: ProcessInfo.processInfo.environment["NEXORA_BENCH"] != nil)) struct AuditBench {
    private static let entriesPerCase = 20_000

    @Test(arguments: [(1, 1), (8, 1), (1, 10), (1, 100), (1, 500)])
    func `appends of one tenant`(writers: Int, batch: Int) async throws {
        let world = try await AuditWorld()
        let total = batch == 1 ? 4_000 : Self.entriesPerCase
        let (url, root, tenant) = (world.url, world.operatorID, world.one)
        let begin = SystemClock.monotonicNanoseconds()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<writers {
                group.addTask {
                    let database = Database(url: url, applicationName: "writer")
                    for round in 0..<(total / writers / batch) {
                        let entries = (0..<batch).map { world.entry(tenant, writer * 7 + round + $0) }
                        try await database.transaction(in: root) { try await AuditLog($0).append(entries) }
                    }
                    await database.close()
                }
            }
            try await group.waitForAll()
        }
        report("\(writers) writers, \(batch) entries a transaction", total, since: begin)
        let walk = SystemClock.monotonicNanoseconds()
        let verdict = try await world.verify(tenant, stretch: 2_000)
        #expect(verdict.flaw == nil && verdict.entries == Int64(total))
        report("  verified", total, since: walk)
        await world.close()
    }

    @Test(arguments: [100, 1_000]) func `records through a group`(callers: Int) async throws {
        let world = try await AuditWorld()
        let session = PostgresSession(PostgresConfiguration(url: world.url))
        let group = AuditGroup(session, root: world.operatorID)
        let tenant = world.one
        let begin = SystemClock.monotonicNanoseconds()
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await group.run() }
            try await withThrowingTaskGroup(of: Void.self) { all in
                for caller in 0..<callers {
                    all.addTask {
                        for round in 0..<(Self.entriesPerCase / callers) {
                            try await group.record(world.entry(tenant, caller + round, action: .read))
                        }
                    }
                }
                try await all.waitForAll()
            }
            group.finish()
            try await tasks.waitForAll()
        }
        report("\(callers) callers of a group", Self.entriesPerCase, since: begin)
        await session.close()
        await world.close()
    }

    private func report(_ name: String, _ count: Int, since begin: UInt64) {
        let seconds = Double(SystemClock.monotonicNanoseconds() - begin) / 1e9
        let line = "audit: \(name): \(Int(Double(count) / seconds))/s\n"
        _ = unsafe Array(line.utf8).withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
