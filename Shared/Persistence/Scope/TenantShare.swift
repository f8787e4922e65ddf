import Concurrency
package import Domain
import Synchronization

/// How many transactions one tenant may have under way at once, so that none ever holds every connection of a pool.
///
/// Who finds all places taken waits a short while for one, in the order of arrival.
package final class TenantShare: Sendable {
    private struct Waiter {
        let id: UInt64
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct Standing {
        var running = 0
        var waiting: [Waiter] = []
    }

    private struct Contents {
        var standings: [TenantID: Standing] = [:]
        var nextID: UInt64 = 0
        /// Who was given a place and has not begun yet.
        var granted: Set<UInt64> = []
        /// Who gave up before his wait began.
        var cancelled: Set<UInt64> = []
    }

    private let places: Int
    private let patience: Duration
    private let mostWaiting: Int
    private let contents = Mutex(Contents())

    /// `places` for each tenant; `mostWaiting` wait for one at most, each no longer than `patience`.
    package init(places: Int, patience: Duration = .seconds(2), mostWaiting: Int = 100) {
        precondition(places > 0, "a place for each tenant")
        self.places = places
        self.patience = patience
        self.mostWaiting = mostWaiting
    }

    /// Runs the body in one of the tenant's places. Throws `TenantBusy` where none came free.
    package func run<Success: Sendable>(
        for tenant: TenantID,
        _ body: () async throws -> Success
    ) async throws -> Success {
        try await enter(tenant)
        defer { leave(tenant) }
        return try await body()
    }

    private func enter(_ tenant: TenantID) async throws {
        guard let id = try placeInLine(tenant) else { return }
        do {
            try await withDeadline(patience) { try await self.wait(tenant, id) }
            _ = contents.withLock { $0.granted.remove(id) }
        } catch {
            // The place may have been given in the very moment in which the wait ended.
            let isGranted = contents.withLock { contents in
                contents.cancelled.remove(id)
                return contents.granted.remove(id) != nil
            }
            if isGranted { leave(tenant) }
            throw error is DeadlineExceeded ? TenantBusy() : error
        }
    }

    /// Nil where a place was free and is taken now; else who waits for one.
    private func placeInLine(_ tenant: TenantID) throws(TenantBusy) -> UInt64? {
        try contents.withLock { contents throws(TenantBusy) -> UInt64? in
            let standing = contents.standings[tenant, default: Standing()]
            if standing.running < places {
                contents.standings[tenant, default: Standing()].running += 1
                return nil
            }
            guard standing.waiting.count < mostWaiting else { throw TenantBusy() }
            contents.nextID += 1
            return contents.nextID
        }
    }

    private func wait(_ tenant: TenantID, _ id: UInt64) async throws {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let outcome = contents.withLock { contents -> Result<Void, any Error>? in
                    if contents.cancelled.contains(id) { return .failure(CancellationError()) }
                    if contents.standings[tenant, default: Standing()].running < places {
                        contents.standings[tenant, default: Standing()].running += 1
                        contents.granted.insert(id)
                        return .success(())
                    }
                    contents.standings[tenant]?.waiting.append(Waiter(id: id, continuation: continuation))
                    return nil
                }
                if let outcome { continuation.resume(with: outcome) }
            }
        } onCancel: {
            let waiter = contents.withLock { contents -> Waiter? in
                contents.cancelled.insert(id)
                guard let index = contents.standings[tenant]?.waiting.firstIndex(where: { $0.id == id }) else {
                    return nil
                }
                return contents.standings[tenant]?.waiting.remove(at: index)
            }
            waiter?.continuation.resume(throwing: CancellationError())
        }
    }

    private func leave(_ tenant: TenantID) {
        let next = contents.withLock { contents -> Waiter? in
            guard var standing = contents.standings[tenant] else { return nil }
            let next = standing.waiting.isEmpty ? nil : standing.waiting.removeFirst()
            if let next { contents.granted.insert(next.id) } else { standing.running -= 1 }
            contents.standings[tenant] = standing.running == 0 ? nil : standing
            return next
        }
        next?.continuation.resume()
    }
}

/// So much of one tenant's is under way that this did not begin.
package struct TenantBusy: Error, Equatable, CustomStringConvertible {
    package init() {}

    package var description: String { "too much of the tenant's is under way" }
}
