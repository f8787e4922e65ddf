import Billing
import Domain
import Events
import Ledger
import Persistence
import Postgres
import SharedTesting
import Testing
import WireFormat

/// Payments and corrections end in the commit of what the ledger decides of them.
@Suite(.serialized, .proves("WAL-06", "PAY-10")) struct LedgerEndingTests {
    private static let user = UserID(UUID128(high: 3, low: 3))

    private func euro(_ amount: String) throws -> Money { try Money(amount, currency: .euro) }

    /// A payment that the ledger is going to be asked for.
    private func moving(
        _ world: LedgerWorld,
        _ amount: String = "10",
        customer: CustomerID? = CustomerID(UUID128(high: 4, low: 4)),
        metadata: [String: String] = [:]
    ) async throws -> StoredPayment {
        var payment = StoredPayment(
            tenantID: world.one,
            id: world.ids.next(),
            customerID: customer,
            amount: try euro(amount),
            method: .manual,
            metadata: metadata,
            createdBy: Self.user,
            createdAt: LedgerWorld.now
        )
        try payment.state.move(as: world.ids.next())
        let wanted = payment
        return try await world.database.transaction(in: world.one) { try await PaymentStore($0).insert(wanted).payment }
    }

    private func found(_ payment: StoredPayment, _ world: LedgerWorld) async throws -> StoredPayment {
        try #require(
            try await world.database.transaction(in: world.one) { try await PaymentStore($0).find(payment.id) }
        )
    }

    /// The command that moves it: into a wallet, or out of one.
    private func command(
        _ payment: StoredPayment,
        _ world: LedgerWorld,
        out: Bool = false,
        trace: CommandTrace = CommandTrace()
    ) throws -> TransferCommand {
        let (from, to) = out ? (world.wallets[0], world.till) : (world.till, world.wallets[0])
        return TransferCommand(
            id: try #require(payment.state.transferID),
            tenantID: world.one,
            key: try #require(IdempotencyKey(StoredPayment.ledgerKey(payment.id))),
            action: .transfer(from: from.ref, to: to.ref, amount: payment.amount),
            details: TransferDetails(.topUp),
            trace: trace
        )
    }

    private func told(_ world: LedgerWorld) async throws -> [(told: PaymentChanged, correlation: String?)] {
        try await world.superuser.query(
            "SELECT data, correlation_id FROM outbox WHERE subject = '\(PaymentChanged.subject)' ORDER BY id"
        ).map { row in
            var json = JSONReader(Array((row[0].text ?? "").utf8))
            return (try PaymentChanged(from: &json), row[1].text)
        }
    }

    @Test func `a payment ends as the ledger decides, is told once, and others stay as they are`() async throws {
        let world = try await LedgerWorld()
        let (paid, refused, other) = (try await moving(world), try await moving(world, "11"), try await moving(world))
        let trace = CommandTrace(correlationID: "request-1", traceparent: "00-01-02-01")
        let commands = [
            try command(paid, world, trace: trace), try command(refused, world, out: true), try world.topUp("x", 1),
            try command(paid, world),
        ]
        let commit = try await world.writing { try await $0.commit(commands) }
        #expect(commit.answers.map { $0.decision?.verdict } == [.posted, .insufficient, .posted, .posted])
        #expect(Set(commit.endings.keys) == [0, 1, 3] && commit.payments.count == 2)
        let (after, failed) = (try await found(paid, world), try await found(refused, world))
        #expect(after.state.status == .completed && after.state.transferID == paid.state.transferID)
        #expect(failed.state.status == .failed && failed.state.failure == TransferVerdict.insufficient.rawValue)
        #expect(try await found(other, world) == other)
        // What the answer says is what is kept.
        let (ending, failure) = (try #require(commit.endings[0]), try #require(commit.endings[1]))
        #expect(try paid.ended(nil, ending) == after && commit.endings[3] == ending)
        #expect(try refused.ended(TransferVerdict.insufficient.rawValue, failure) == failed)
        let told = try await told(world)
        #expect(
            told.map(\.told) == commit.payments.compactMap { PaymentChanged($0) }
                && told.map(\.correlation) == ["request-1", nil]
        )
        #expect(
            told.map(\.told.state) == ["completed", "failed"] && told.map(\.told.paymentID) == [paid.id, refused.id]
        )
        #expect(told.first?.told.version == UInt64(after.version) && told.last?.told.note == "insufficient")
        let again = try await world.writing { try await $0.commit(Array(commands.prefix(2))) }
        #expect(again.endings.isEmpty && again.payments.isEmpty)
        #expect(try await self.told(world).count == 2)
        #expect(try await world.verify().discrepancy == nil)
        await world.close()
    }

    @Test func `a payment whose key was decided before ends when it is asked for again`() async throws {
        let world = try await LedgerWorld()
        let payment = try await moving(world)
        let command = try command(payment, world)
        _ = try await world.superuser.query("DELETE FROM payments WHERE id = '\(payment.id)'")
        let first = try await world.writing { try await $0.commit([command]) }
        #expect(first.answers.first?.decision?.verdict == .posted && first.endings.isEmpty)
        _ = try await world.database.transaction(in: world.one) { try await PaymentStore($0).insert(payment) }
        let again = try await world.writing { try await $0.commit([command]) }
        #expect(again.answers.first == first.answers.first?.decision.map { .repeated($0) })
        #expect(again.payments.count == 1 && again.endings.count == 1)
        #expect(try await found(payment, world).state.status == .completed)
        #expect(try await told(world).count == 1)
        #expect(try await world.counts()["ledger_batches"] == 1)
        await world.close()
    }

    @Test func `whoever ends a payment at the same time ends it once`() async throws {
        let world = try await LedgerWorld()
        let payment = try await moving(world)
        let command = try command(payment, world)
        let gateway = Database(url: world.url, applicationName: "gateway")
        let commit = try await gateway.transaction(in: world.one) { transaction in
            _ = try await PaymentStore(transaction).find(payment.id, forUpdate: true)
            let written = Task { try await world.writing { try await $0.commit([command]) } }
            try await eventually {
                try await world.superuser.query(
                    """
                    SELECT pid FROM pg_stat_activity
                    WHERE application_name = 'lane-writer' AND wait_event_type = 'Lock' AND datname = current_database()
                    """
                ).count == 1
            }
            _ = try await PaymentStore(transaction).update(payment.id, at: LedgerWorld.now) { try $0.state.end(nil) }
            return written
        }
        let decided = try await commit.value
        #expect(decided.answers.first?.decision?.verdict == .posted)
        #expect(decided.endings.isEmpty && decided.payments.isEmpty)
        #expect(try await found(payment, world).completedAt == LedgerWorld.now)
        #expect(try await told(world).isEmpty)
        #expect(try await world.balance(world.wallets[0]) == 100_000)
        await gateway.close()
        await world.close()
    }

    @Test func `a correction ends with its transfer`() async throws {
        let world = try await LedgerWorld()
        let owner = world.wallets[0].owner
        var kept: [StoredAdjustment] = []
        for _ in 0..<3 {
            let wanted = StoredAdjustment(
                tenantID: world.one,
                id: world.ids.next(),
                owner: owner,
                amount: try euro("5"),
                reason: "A mistake",
                requestedBy: Self.user,
                requestKey: nil,
                createdAt: LedgerWorld.now
            )
            let transfer: TransferID = world.ids.next()
            kept.append(
                try await world.database.transaction(in: world.one) { transaction in
                    let store = AdjustmentStore(transaction)
                    _ = try await store.insert(wanted)
                    let change = try await store.update(wanted.id, at: LedgerWorld.now) {
                        try $0.approve(by: UserID(UUID128(high: 5, low: 5)), as: transfer)
                    }
                    return try #require(change.after)
                }
            )
        }
        func command(_ adjustment: StoredAdjustment, out: Bool) throws -> TransferCommand {
            let (from, to) = out ? (world.wallets[0], world.revenue) : (world.revenue, world.wallets[0])
            return try world.command(
                StoredAdjustment.ledgerKey(adjustment.id),
                .transfer(from: from.ref, to: to.ref, amount: adjustment.amount)
            )
        }
        let commands = [try command(kept[0], out: true), try command(kept[1], out: false)]
        let commit = try await world.writing { try await $0.commit(commands) }
        #expect(commit.answers.map { $0.decision?.verdict } == [.insufficient, .posted])
        #expect(commit.endings.count == 2 && commit.payments.isEmpty)
        let ids = kept.map(\.id)
        let found = try await world.database.transaction(in: world.one) { transaction in
            var found: [StoredAdjustment?] = []
            for id in ids { found.append(try await AdjustmentStore(transaction).find(id)) }
            return found
        }
        #expect(found.map { $0?.state.failure } == ["insufficient", nil, nil])
        #expect(found.map { $0?.state.isPosted } == [false, true, false] && found.last == kept.last)
        #expect(found[1]?.version == commit.endings[1]?.version)
        await world.close()
    }

    @Test(.proves("FUP-16")) func `a tenant's payment for a plan switches it in that commit`() async throws {
        let world = try await LedgerWorld()
        let payment = try await moving(
            world,
            "30",
            customer: nil,
            metadata: ["plan_upgrade": "true", "new_plan": "pro"]
        )
        let command = try command(payment, world)
        _ = try await world.writing { try await $0.commit([command]) }
        let plan = try await world.superuser.query(
            "SELECT plan, payment_id::text FROM metered_plans WHERE tenant_id = '\(world.one)'"
        ).first
        #expect(plan?[0].text == "pro" && plan?[1].text == payment.id.description)
        await world.close()
    }
}
