package import Domain
package import Persistence

/// The truth about sessions, as Postgres has it.
package struct StoredSessions: SessionTruth {
    private let database: TenantPool
    private let time: TimeSource

    package init(_ database: TenantPool, time: TimeSource) {
        self.database = database
        self.time = time
    }

    package func isLive(_ session: LoginSessionID, in tenant: TenantID) async throws -> Bool {
        try await database.transaction(in: tenant) {
            try await LoginSessionRepository($0).find(session, in: tenant)
        }?.isLive(at: time.now()) ?? false
    }

    package func ended(since time: Timestamp) async throws -> [LoginSessionID] {
        try await database.transaction(in: try await database.operatorTenant()) {
            try await LoginSessionRepository($0).ended(since: time).map(\.id)
        }
    }
}
