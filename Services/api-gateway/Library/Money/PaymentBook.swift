import Billing
import Concurrency
import Domain
import HTTPServer
import Identity
import Lifecycle
import Persistence

/// Opens payments before the ledger is asked, and ends them by what it said. Payments that come at the same time through one tenant's
/// desks share a transaction: its audit chain takes one commit after another, and each alone would wait for the disk by itself.
package final class PaymentBook: Sendable {
    /// A payment that is to be made.
    struct Opening: Sendable {
        let caller: Caller
        let customer: CustomerID
        /// It goes into the caller's own open shift.
        let takesCash: Bool
        /// The payment, once it is known whose customer he is.
        let make: @Sendable (TenantID, CashShiftID?) throws -> StoredPayment
    }

    /// How a payment stands, and whether this made it so.
    struct Standing: Sendable {
        let payment: StoredPayment
        let isNew: Bool
    }

    fileprivate enum Step: Sendable {
        case open(Opening)
        case end(PaymentStore.Ending, Caller)

        var caller: Caller {
            switch self {
            case .open(let opening): opening.caller
            case .end(_, let caller): caller
            }
        }

        var opening: Opening? {
            if case .open(let opening) = self { opening } else { nil }
        }

        var ending: PaymentStore.Ending? {
            if case .end(let ending, _) = self { ending } else { nil }
        }
    }

    private let steps: Combiner<TenantID, Step, Standing>

    package init(_ parts: Parts) {
        let pages = PaymentPages(parts)
        steps = Combiner(most: 400, mostWaiting: 2_000, blamesOne: Self.blamesOne) { root, batch in
            try await pages.write(batch, root)
        }
    }

    /// The database refused a batch, for the sake of one perhaps.
    @Sendable private static func blamesOne(_ error: any Error) -> Bool { error is PersistenceError }

    /// Keeps payments until the process shuts down, and then those that wait.
    package func run() async {
        await withDiscardingTaskGroup { tasks in
            tasks.addTask { await self.steps.run() }
            tasks.addTask {
                await waitForShutdown()
                self.steps.finish()
            }
        }
    }

    /// Returns once the payment is kept, or what the same request kept before; throws `notFound` for a customer whom the caller does not
    /// see, and a conflict for cash without a shift.
    func open(_ opening: Opening) async throws -> Standing {
        try await steps.submit(.open(opening), to: opening.caller.principal.tenantID)
    }

    /// Ends a payment by what the ledger said; one that somebody ended by the same word meanwhile stays as it is.
    func end(_ payment: StoredPayment, _ failure: String?, _ caller: Caller) async throws -> StoredPayment {
        let step = Step.end(PaymentStore.Ending(payment, failure: failure), caller)
        return try await steps.submit(step, to: caller.principal.tenantID).payment
    }
}

/// The transactions of a ``PaymentBook``.
private struct PaymentPages: Sendable {
    typealias Standing = PaymentBook.Standing
    typealias Outcome = Result<Standing, any Error>

    let parts: Parts
    private let payments = Resource<StoredPayment>.payments

    init(_ parts: Parts) { self.parts = parts }

    /// What the endings and the openings look up first goes in one round trip.
    func write(_ steps: [PaymentBook.Step], _ root: TenantID) async throws -> [Outcome] {
        try await parts.commit(steps.map(\.caller), in: root) { works in
            guard let transaction = works.first?.transaction else { return [] }
            let (endings, openings) = (steps.compactMap(\.ending), steps.compactMap(\.opening))
            let rows = try await transaction.pipeline([
                PaymentStore.end(endings, at: parts.time.now()),
                CustomerRepository.tenants(of: openings.map(\.customer)),
            ])
            var ended = try await PaymentStore(transaction).ended(endings, rows[0]).makeIterator()
            var opened = try await open(openings, CustomerRepository.tenants(rows[1]), transaction).makeIterator()
            return zip(works, steps).map { work, step in
                let outcome =
                    step.ending == nil
                    ? opened.next()
                    : ended.next().map { .success(Standing(payment: $0.payment, isNew: $0.isChanged)) }
                guard let outcome else { return .failure(PersistenceError.notFound) }
                if case .success(let standing) = outcome, standing.isNew { record(standing.payment, after: step, work) }
                return outcome
            }
        }
    }

    private func record(_ payment: StoredPayment, after step: PaymentBook.Step, _ work: Work) {
        let change = Change(before: step.ending?.payment, after: payment)
        guard change.before != nil else { return work.record(.create, change, payments) }
        work.record(payment.refundOf == nil ? .payment : .refund, change, payments)
        work.end(change)
    }

    private func open(
        _ openings: [PaymentBook.Opening],
        _ tenants: [CustomerID: TenantID],
        _ transaction: ScopedTransaction
    ) async throws -> [Outcome] {
        guard !openings.isEmpty else { return [] }
        let shifts = try await shifts(openings, transaction)
        let drafts = openings.map { opening in
            Result { try draft(opening, tenants, shifts) }
        }
        var stored = try await PaymentStore(transaction).insert(drafts.compactMap { try? $0.get() }).makeIterator()
        return drafts.map { draft in
            draft.flatMap { _ in
                guard let (payment, isNew) = stored.next() else { return .failure(PersistenceError.notFound) }
                return .success(Standing(payment: payment, isNew: isNew))
            }
        }
    }

    private func draft(
        _ opening: PaymentBook.Opening,
        _ tenants: [CustomerID: TenantID],
        _ shifts: [UserID: CashShiftID]
    ) throws -> StoredPayment {
        guard let tenant = tenants[opening.customer] else { throw Problem.notFound }
        let principal = opening.caller.principal
        try principal.see(RecordOwner(tenantID: tenant, customerID: opening.customer))
        guard opening.takesCash else { return try opening.make(tenant, nil) }
        guard let shift = shifts[principal.userID] else { throw MoneyProblems.noOpenShift }
        return try opening.make(tenant, shift)
    }

    /// The open shifts of those who take cash, which stay open until the transaction ends.
    private func shifts(
        _ openings: [PaymentBook.Opening],
        _ transaction: ScopedTransaction
    ) async throws -> [UserID: CashShiftID] {
        var shifts: [UserID: CashShiftID] = [:]
        for opening in openings where opening.takesCash && shifts[opening.caller.principal.userID] == nil {
            let principal = opening.caller.principal
            shifts[principal.userID] = try await CashShiftStore(transaction)
                .current(of: principal.userID, in: principal.tenantID, lock: .share)?.id
        }
        return shifts
    }
}
