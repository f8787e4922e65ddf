import Glibc
import SharedTesting
import Synchronization
import Testing

@testable import Postgres

@Suite struct PostgresListenerTests {
    private final class Heard: Sendable {
        private let events = Mutex<[PostgresListener.Event]>([])
        var all: [PostgresListener.Event] { events.withLock { $0 } }
        func add(_ event: PostgresListener.Event) { events.withLock { $0.append(event) } }
    }

    private func withListener(
        _ postgres: RealPostgres,
        _ body: (PostgresListener, Heard, PostgresSession) async throws -> Void
    ) async throws {
        let database = "listen" + String(UInt64.random(in: 0...UInt64.max), radix: 36)
        let url = try await postgres.createDatabase(database)
        let session = PostgresSession(PostgresConfiguration(url: url))
        let listener = try PostgresListener(PostgresConfiguration(url: url), channel: "rows")
        let heard = Heard()
        let running = Task { try await listener.run { heard.add($0) } }
        try await eventually { listener.isCurrent() }
        do {
            try await body(listener, heard, session)
        } catch {
            listener.stop()
            throw error
        }
        listener.stop()
        try await running.value
        #expect(!listener.isCurrent())
        await session.close()
    }

    @Test func `what commits is heard once and in order, what is undone is not`() async throws {
        try await withListener(try await RealPostgres.shared()) { _, heard, session in
            #expect(heard.all == [.began])
            for number in 1...3 {
                _ = try await session.query("SELECT pg_notify('rows', $1)", [.text("row \(number)")])
            }
            _ = try? await session.transaction { transaction in
                _ = try await transaction.query("SELECT pg_notify('rows', 'undone')")
                throw PostgresError(.cancelled, "undone")
            }
            _ = try await session.query("SELECT pg_notify('others', 'elsewhere')")
            _ = try await session.query("SELECT pg_notify('rows', '')")
            try await eventually { heard.all.last == .announced("") }
            #expect(
                heard.all.dropFirst() == [
                    .announced("row 1"), .announced("row 2"), .announced("row 3"), .announced(""),
                ]
            )
        }
    }

    @Test func `a connection that was cut is made anew, and that is told`() async throws {
        try await withListener(try await RealPostgres.shared()) { listener, heard, session in
            let cut = """
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid()
                """
            _ = try await session.query(cut)
            try await eventually { heard.all == [.began, .began] && listener.isCurrent() }
            _ = try await session.query("SELECT pg_notify('rows', 'again')")
            try await eventually { heard.all.last == .announced("again") }
        }
    }

    @Test func `a server that stands still is not heard, and nothing is believed`() async throws {
        try await withListener(try await RealPostgres.shared()) { listener, heard, session in
            let found = try await session.query(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            let backend = try #require(found.first?["pid"].int32)
            kill(backend, SIGSTOP)
            defer { kill(backend, SIGCONT) }
            try await eventually { !listener.isCurrent() }
            try await eventually { heard.all.count > 1 && listener.isCurrent() }
        }
    }
}
