import Postgres

/// Why something could not be stored, by what its caller must do about it. Carries no row's data.
package enum StorageFault: Error, Sendable, Equatable {
    /// The server is away or short of something: the same again, later, for ever.
    case outage(String)
    /// A rival got there first: the same again, now.
    case conflict(String)
    /// The server cannot take so much at once: again in smaller parts.
    case tooLarge(String)
    /// The data itself: it fails again however often it is tried.
    case refused(String)
    /// The program, the schema or the rights are wrong: nothing can be stored until someone mends it, and no data is to
    /// blame.
    case broken(String)

    /// Whether what was to be stored is at fault, and not the server or the program.
    package var blamesData: Bool {
        switch self {
        case .tooLarge, .refused: true
        case .outage, .conflict, .broken: false
        }
    }

    /// What a failure of the database means.
    package init(_ error: any Error) {
        guard let error = error as? PostgresError else {
            self = .outage(String(describing: error))
            return
        }
        let text = error.description
        switch error.sqlState {
        // A rival inserted the same open session: its row is visible at the next attempt.
        case "23505" where error.constraint == "sessions_open": self = .conflict(text)
        case "40001", "40P01", "55P03": self = .conflict(text)
        // Out of shared memory: more locks than max_locks_per_transaction allows.
        case "53200", "54000": self = .tooLarge(text)
        default:
            self =
                switch error.disposition {
                case .retry: .outage(text)
                case .permanent: .refused(text)
                case .fatal: .broken(text)
                }
        }
    }

    /// For logs and dead letters.
    package var reason: String {
        switch self {
        case .outage(let text), .conflict(let text), .tooLarge(let text), .refused(let text), .broken(let text): text
        }
    }
}

extension StorageFault {
    /// What an error means that may not come from the database at all: nil then.
    package init?(ofDatabase error: any Error) {
        guard error is PostgresError else { return nil }
        self.init(error)
    }
}

/// Runs a body whose failures are told by what their caller must do about them.
func guarded<Success: Sendable>(_ body: () async throws -> Success) async throws(StorageFault) -> Success {
    do {
        return try await body()
    } catch {
        throw StorageFault(error)
    }
}

/// The same for what reads rows: one that is not as the schema promises blames neither the server nor the data.
func guardedRows<Success: Sendable>(_ body: () async throws -> Success) async throws(StorageFault) -> Success {
    do {
        return try await body()
    } catch let fault as StorageFault {
        throw fault
    } catch let error as UnexpectedRow {
        throw .broken(error.description)
    } catch {
        throw StorageFault(error)
    }
}

extension PostgresSession {
    /// Whether this connection leads now, of those that ask for that class: the lock is had at once or another process has it. A connection
    /// that has the lock already has it once more; all of it ends with the connection.
    func leads(_ lockClass: Int32) async throws -> Bool {
        try await query("SELECT pg_try_advisory_lock($1, 0)", [.int4(lockClass)]).first?[0].bool == true
    }
}
