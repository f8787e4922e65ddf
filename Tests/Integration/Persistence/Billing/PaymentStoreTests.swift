import Billing
import Domain
import Ledger
import Persistence
import Postgres
import SharedTesting
import Testing

/// Payments, shifts and corrections as Postgres keeps them.
@Suite(.serialized) struct PaymentStoreTests {
    private static func payment(
        _ world: DirectoryWorld,
        _ branch: DirectoryWorld.Branch,
        _ amount: String = "10",
        method: PaymentMethod = .transfer,
        shift: CashShiftID? = nil,
        key: String? = nil,
        external: String? = nil
    ) throws -> StoredPayment {
        StoredPayment(
            tenantID: branch.tenant,
            id: world.ids.next(),
            customerID: branch.customer.id,
            amount: try Money(amount, currency: .euro),
            method: method,
            externalID: external,
            shiftID: shift,
            requestKey: key,
            description: "at the door",
            metadata: ["place": "desk 1"],
            createdBy: world.ids.next(),
            createdAt: DirectoryWorld.now
        )
    }

    @Test(.proves("PAY-22")) func `a payment is read back as it was stored, and the same request stores one`()
        async throws
    {
        let world = try await DirectoryWorld()
        let wanted = try Self.payment(world, world.one, key: "api:1", external: "bank-7")
        let again = try Self.payment(world, world.one, key: "api:1")
        try await world.within(world.one.tenant) { (transaction) async throws in
            let store = PaymentStore(transaction)
            let first = try await store.insert(wanted)
            #expect(first.isNew && first.payment.id == wanted.id && first.payment.amount == wanted.amount)
            #expect(first.payment.metadata == wanted.metadata && first.payment.externalID == "bank-7")
            let second = try await store.insert(again)
            #expect(!second.isNew && second.payment == first.payment)
            #expect(try await store.find(wanted.id) == first.payment)
            #expect(try await store.find(request: "api:1", in: world.one.tenant) == first.payment)
        }
        await world.close()
    }

    @Test(.proves("PAY-10", "PAY-22")) func `payments of many requests are stored together, each once`()
        async throws
    {
        let world = try await DirectoryWorld()
        var wanted: [StoredPayment] = []
        for number in 0..<5 {
            // The last two are one request.
            var payment = try Self.payment(world, world.one, "\(number + 1)", key: "many:\(min(number, 3))")
            try payment.state.move(as: world.ids.next())
            wanted.append(payment)
        }
        let drafts = wanted
        try await world.within(world.one.tenant) { (transaction) async throws in
            let store = PaymentStore(transaction)
            let stored = try await store.insert(drafts)
            #expect(stored.map(\.isNew) == [true, true, true, true, false])
            #expect(
                stored[4].payment == stored[3].payment
                    && stored.prefix(4).map(\.payment.id) == drafts.prefix(4).map(\.id)
            )
            #expect(try await store.insert(drafts).allSatisfy { !$0.isNew })
            #expect(try await store.insert([]).isEmpty)
        }
        await world.close()
    }

    @Test(.proves("PAY-10")) func `a payment never leaves a final state, whatever is tried and by whom`() async throws {
        let world = try await DirectoryWorld()
        let superuser = try await world.superuser()
        var random = SeededRandom()
        var ends: Set<PaymentStatus> = []
        for _ in 0..<100 {
            let wanted = try Self.payment(world, world.one)
            try await world.within(world.one.tenant) { _ = try await PaymentStore($0).insert(wanted) }
            for _ in 0..<6 {
                let step = Int.random(in: 0..<6, using: &random)
                let transfer: TransferID = world.ids.next()
                let before = try await world.within(world.one.tenant) { try await PaymentStore($0).find(wanted.id) }
                do {
                    _ = try await world.within(world.one.tenant) { transaction in
                        try await PaymentStore(transaction).update(wanted.id, at: DirectoryWorld.now) { stored in
                            switch step {
                            case 0: try stored.state.begin()
                            case 1, 2: try stored.state.move(as: transfer)
                            case 3: try stored.state.complete()
                            case 4: try stored.state.fail("bounced")
                            default: try stored.state.cancel()
                            }
                        }
                    }
                } catch is PaymentRefusal {}
                let after = try await world.within(world.one.tenant) { try await PaymentStore($0).find(wanted.id) }
                if before?.state.status.isFinal == true { #expect(after == before) }
            }
            let end = try await world.within(world.one.tenant) { try await PaymentStore($0).find(wanted.id) }
            guard let end, end.state.status.isFinal else { continue }
            ends.insert(end.state.status)
            for status in PaymentStatus.allCases {
                let error = await #expect(throws: PostgresError.self) {
                    try await superuser.query(
                        "UPDATE payments SET status = '\(status.rawValue)' WHERE id = '\(wanted.id)'"
                    )
                }
                #expect(error?.constraint == "payments_final")
            }
        }
        #expect(ends.count >= 2)
        await superuser.close()
        await world.close()
    }

    @Test(.proves("PAY-12")) func `a gateway's event has one payment, and one outcome`() async throws {
        let world = try await DirectoryWorld()
        var first = try Self.payment(world, world.one, external: "x")
        first.gatewayEventID = "evt"
        var second = try Self.payment(world, world.one, external: "y")
        second.gatewayEventID = "evt"
        var stranger = try Self.payment(world, world.two, external: "x")
        stranger.gatewayEventID = "evt"
        let (one, two, other) = (first, second, stranger)
        try await world.within(world.one.tenant) { _ = try await PaymentStore($0).insert(one) }
        await #expect(throws: PersistenceError.alreadyExists(constraint: "payments_event")) {
            try await world.within(world.one.tenant) { _ = try await PaymentStore($0).insert(two) }
        }
        try await world.within(world.two.tenant) { _ = try await PaymentStore($0).insert(other) }
        await world.close()
    }

    @Test(.proves("TEN-05")) func `another tenant's payments are not there`() async throws {
        let world = try await DirectoryWorld()
        let payment = try Self.payment(world, world.two)
        try await world.within(world.two.tenant) { _ = try await PaymentStore($0).insert(payment) }
        try await world.within(world.one.tenant) { (transaction) async throws in
            #expect(try await PaymentStore(transaction).find(payment.id) == nil)
            await #expect(throws: PersistenceError.notFound) {
                _ = try await PaymentStore(transaction).update(payment.id, at: DirectoryWorld.now) { _ in }
            }
        }
        await #expect(throws: PersistenceError.notFound) {
            try await world.within(world.one.tenant) {
                _ = try await PaymentStore($0).insert(try Self.payment(world, world.two))
            }
        }
        #expect(try await world.within(world.operatorID) { try await PaymentStore($0).find(payment.id) } != nil)
        await world.close()
    }

    @Test func `a shift knows what came in, what went out and what is on its way`() async throws {
        let world = try await DirectoryWorld()
        let user: UserID = world.ids.next()
        let shift = StoredCashShift(
            tenantID: world.one.tenant,
            id: world.ids.next(),
            userID: user,
            shift: try CashShift(opening: CashCount([Money("50", currency: .euro)])),
            openedAt: DirectoryWorld.now
        )
        var done = try Self.payment(world, world.one, "20", method: .cash, shift: shift.id)
        try done.state.move(as: world.ids.next())
        var open = try Self.payment(world, world.one, "7", method: .cash, shift: shift.id)
        try open.state.move(as: world.ids.next())
        let (finished, waiting) = (done, open)
        try await world.within(world.one.tenant) { (transaction) async throws in
            let (shifts, payments) = (CashShiftStore(transaction), PaymentStore(transaction))
            try await shifts.open(shift)
            #expect(try await shifts.current(of: user, in: world.one.tenant) == shift)
            _ = try await payments.insert(finished)
            _ = try await payments.insert(waiting)
            _ = try await payments.update(finished.id, at: DirectoryWorld.now) { try $0.state.complete() }
            let takings = try await shifts.takings(of: shift.id)
            #expect(takings.taken[.euro].decimal == "20.0000" && takings.underWay == 1)
            _ = try await payments.update(waiting.id, at: DirectoryWorld.now) { try $0.state.refuse("insufficient") }
            var closed = shift
            try closed.shift.close(
                counted: CashCount([Money("69.5", currency: .euro)]),
                taken: takings.taken,
                given: takings.given,
                underWay: 0
            )
            closed.closedAt = DirectoryWorld.now
            try await shifts.close(closed)
            #expect(try await shifts.find(shift.id) == closed)
            #expect(closed.shift.closing?.difference[.euro].decimal == "-0.5000")
        }
        await world.close()
    }

    @Test(.proves("WAL-11")) func `the database itself insists on four eyes`() async throws {
        let world = try await DirectoryWorld()
        let superuser = try await world.superuser()
        let (asker, other): (UserID, UserID) = (world.ids.next(), world.ids.next())
        let wanted = StoredAdjustment(
            tenantID: world.one.tenant,
            id: world.ids.next(),
            owner: .customer(world.one.customer.id),
            amount: try Money("-3", currency: .euro),
            reason: "paid twice",
            requestedBy: asker,
            requestKey: nil,
            createdAt: DirectoryWorld.now
        )
        try await world.within(world.one.tenant) { _ = try await AdjustmentStore($0).insert(wanted) }
        let error = await #expect(throws: PostgresError.self) {
            try await superuser.query(
                """
                UPDATE adjustment_requests SET status = 'approved', decided_by = requested_by, decided_at = now(),
                    transfer_id = gen_random_uuid()
                """
            )
        }
        #expect(error?.constraint == "adjustment_requests_four_eyes")
        let transfer: TransferID = world.ids.next()
        try await world.within(world.one.tenant) { (transaction) async throws in
            let store = AdjustmentStore(transaction)
            let approved = try await store.update(wanted.id, at: DirectoryWorld.now) {
                try $0.approve(by: other, as: transfer)
            }
            #expect(approved.after?.state.isMoving == true && approved.after?.decidedAt == DirectoryWorld.now)
            let posted = try await store.update(wanted.id, at: DirectoryWorld.now) { try $0.post() }
            #expect(posted.after?.postedAt == DirectoryWorld.now)
        }
        for change in [
            "failure = 'x', posted_at = NULL", "transfer_id = gen_random_uuid()",
            "status = 'rejected', transfer_id = NULL",
        ] {
            let error = await #expect(throws: PostgresError.self) {
                try await superuser.query("UPDATE adjustment_requests SET \(change)")
            }
            #expect(error?.constraint == "adjustment_requests_final", "\(change)")
        }
        await superuser.close()
        await world.close()
    }
}
