import Billing
import Concurrency
import Domain
import HTTPServer
import Identity
import Lifecycle
import Persistence

/// Opens payments before the ledger is asked, whose decision ends them. Payments that come at the same time through one tenant's desks
/// share a transaction: its audit chain takes one commit after another, and each alone would wait for the disk by itself.
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

    private let openings: Combiner<TenantID, Opening, Standing>

    package init(_ parts: Parts) {
        let pages = PaymentPages(parts)
        openings = Combiner(most: 400, mostWaiting: 2_000, blamesOne: Self.blamesOne) { root, batch in
            try await pages.open(batch, root)
        }
    }

    /// The database refused a batch, for the sake of one perhaps.
    @Sendable private static func blamesOne(_ error: any Error) -> Bool { error is PersistenceError }

    /// Keeps payments until the process shuts down, and then those that wait.
    package func run() async {
        await withDiscardingTaskGroup { tasks in
            tasks.addTask { await self.openings.run() }
            tasks.addTask {
                await waitForShutdown()
                self.openings.finish()
            }
        }
    }

    /// Returns once the payment is kept, or what the same request kept before; throws `notFound` for a customer whom the caller does not
    /// see, and a conflict for cash without a shift.
    func open(_ opening: Opening) async throws -> Standing {
        try await openings.submit(opening, to: opening.caller.principal.tenantID)
    }
}

/// The transactions of a ``PaymentBook``.
private struct PaymentPages: Sendable {
    typealias Standing = PaymentBook.Standing
    typealias Opening = PaymentBook.Opening
    typealias Outcome = Result<Standing, any Error>

    let parts: Parts
    private let payments = Resource<StoredPayment>.payments

    init(_ parts: Parts) { self.parts = parts }

    func open(_ openings: [Opening], _ root: TenantID) async throws -> [Outcome] {
        try await parts.commit(openings.map(\.caller), in: root) { works in
            guard let transaction = works.first?.transaction else { return [] }
            let customers = CustomerRepository(transaction)
            let tenants = try await customers.tenants(of: openings.map(\.customer))
            let shifts = try await shifts(openings, transaction)
            let drafts = openings.map { opening in Result { try draft(opening, tenants, shifts) } }
            var stored = try await PaymentStore(transaction).insert(drafts.compactMap { try? $0.get() }).makeIterator()
            return zip(works, drafts).map { work, draft in
                draft.flatMap { _ in
                    guard let (payment, isNew) = stored.next() else { return .failure(PersistenceError.notFound) }
                    if isNew { work.record(payment.movingAction, Change(before: nil, after: payment), payments) }
                    return .success(Standing(payment: payment, isNew: isNew))
                }
            }
        }
    }

    private func draft(
        _ opening: Opening,
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
        _ openings: [Opening],
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

extension StoredPayment {
    /// What the trail calls the request that has its money moved.
    var movingAction: AuditAction { refundOf == nil ? .payment : .refund }
}
