import Domain
import Persistence
import Postgres
import SharedTesting
import Testing

/// A customer's end, and nothing of anybody else's (SEC-09, F-20).
@Suite(.serialized, .proves("SEC-09")) struct ErasureTests {
    /// Where the test's people stand before: a scan that finds nothing later would else prove nothing.
    private static let filled: Set = [
        "customers", "services", "service_credentials", "service_reply_attributes", "service_history",
        "customer_contacts",
        "customer_notes", "users", "login_sessions", "api_keys", "one_time_links", "sessions", "sessions_history",
        "ip_allocations", "operations", "dead_letters", "idempotency_keys", "audit_logs", "bills", "boosts", "notices",
        "push_tokens",
    ]

    @Test func `nothing that he was known by is left in any column of any table, and the trail is whole`() async throws
    {
        let world = try await ErasureWorld()
        let ann = world.ann
        let before = try await world.places(of: ann.needles)
        #expect(before.isSuperset(of: Self.filled), "\(Self.filled.subtracting(before))")
        let outcome = try await world.erase(ann)
        #expect(try await world.places(of: ann.needles) == [])

        let customer = outcome.customer
        #expect(customer.id == ann.customer && customer.erasedAt != nil && customer.deletedAt != nil)
        #expect(customer.code == "erased-\(ann.customer)" && customer.status == .terminated && customer.email == nil)
        #expect(outcome.accounts == [ErasedAccount(id: ann.user, sessions: [ann.login])])
        // Ten of the eleven entries are about him or by him.
        #expect(outcome.left.map(\.count) == [10])
        for table in [
            "services", "sessions", "sessions_history", "users", "customer_notes", "idempotency_keys", "bills",
            "boosts", "notices", "notice_preferences", "push_tokens",
        ] {
            #expect((outcome.affected[table] ?? 0) > 0, "\(table)")
        }
        // That he was told, and what of, stays; what waited is not told any more.
        let notices = try await world.superuser.query(
            "SELECT cause, state, reason FROM notices WHERE recipient_id IN ($1, $2) ORDER BY cause",
            [.id(ann.customer), .id(ann.user)]
        ).map { row in [row[0].text, row[1].text, row[2].text].map { $0 ?? "-" }.joined(separator: " ") }
        #expect(notices == ["sent sent -", "user sent -", "waits cancelled erased"])
        // Staff's own row stays where it was sent, without the words about him.
        let staff = try await world.superuser.query(
            "SELECT state, address, facts::text FROM notices WHERE kind = 'boost_requested' AND tenant_id = $1 AND facts = '{}'",
            [.id(ann.tenant)]
        ).map { row in [row[0].text, row[1].text, row[2].text].map { $0 ?? "-" }.joined(separator: " ") }
        #expect(staff == ["sent desk@example.org {}"])
        let verdict = try await world.verify(ann.tenant)
        #expect(verdict.flaw == nil && verdict.vouchedThrough > 0, "\(verdict)")

        // What was used stays, under the service's id.
        let kept = try await world.superuser.query(
            """
            SELECT (SELECT count(*) FROM sessions WHERE service_id = $1 AND username = 'erased-' || $1 AND input_octets = 5) AS hot,
                (SELECT count(*) FROM sessions_history WHERE service_id = $1 AND customer_id = $2) AS past,
                (SELECT sum(input_octets) FROM usage_daily WHERE service_id = $1)::bigint AS octets
            """,
            [.id(ann.service), .id(ann.customer)]
        ).first
        #expect(kept?["hot"].int == 4 && kept?["past"].int == 4 && kept?["octets"].int == 5)
        let books = try await world.superuser.query(
            """
            SELECT b.amount, o.state, o.reason FROM bills b JOIN boosts o USING (tenant_id, customer_id, subscription_id)
            WHERE b.customer_id = $1 AND b.notes = '' AND o.notes = ''
            """,
            [.id(ann.customer)]
        ).first
        #expect(books?["amount"].int64 == 300_000 && books?["state"].text == "rejected")
        #expect(books?["reason"].text == "erased")
        let said = try await world.superuser.query(
            "SELECT data FROM outbox WHERE data LIKE $1",
            [.text("%\(ann.user)%")]
        )
        #expect(said.count == 1)
        await world.close()
    }

    @Test func `another customer's data and another tenant's are what they were`() async throws {
        let world = try await ErasureWorld()
        let bob = try await world.digests(of: world.bob.tenant, word: world.bob.word)
        let others = try await world.digests(of: world.base.two.tenant)
        let eve = try await world.digests(of: world.eve.tenant, word: world.eve.word)
        #expect(bob["customers"] != "" && eve["audit_logs"] != "" && others["customers"] != "")
        try await world.erase(world.ann, in: world.base.operatorID)
        #expect(try await world.digests(of: world.bob.tenant, word: world.bob.word) == bob)
        #expect(try await world.digests(of: world.base.two.tenant) == others)
        #expect(try await world.digests(of: world.eve.tenant, word: world.eve.word) == eve)
        #expect(try await world.verify(world.eve.tenant).flaw == nil)
        await world.close()
    }

    @Test func `he is not erased while he has a service or a session, nor with a reason that names him`() async throws {
        let world = try await ErasureWorld()
        let ann = world.ann
        func refused(_ refusal: ErasureRefusal, reason: String = "asked in writing") async {
            await #expect(throws: refusal) { try await world.erase(ann, reason: reason) }
        }
        for status in ["active", "suspended", "pending"] {
            try await world.superuser.script("UPDATE services SET status = '\(status)' WHERE id = '\(ann.second)'")
            await refused(.hasServices)
        }
        try await world.superuser.script("UPDATE services SET status = 'terminated' WHERE id = '\(ann.second)'")
        // Accounting saw it without knowing whose it is: by the service alone.
        let open = "UPDATE sessions SET ended_at = NULL, closed_by = NULL"
        let shut = "UPDATE sessions SET ended_at = now(), closed_by = 'stop' WHERE ended_at IS NULL"
        try await world.superuser.script("\(open) WHERE service_id = '\(ann.service)' AND acct_session_id = 's1'")
        await refused(.hasSessions)
        try await world.superuser.script("UPDATE sessions SET customer_id = NULL WHERE ended_at IS NULL")
        await refused(.hasSessions)
        try await world.superuser.script(shut)
        for reason in ["\(ann.word)@example.org asked", "wish of NAME \(ann.word.uppercased())", "line-\(ann.word)"] {
            await refused(.reasonNamesHim, reason: reason)
        }
        let preview = try await world.base.within(ann.tenant) { transaction in
            let customer = try #require(try await CustomerRepository(transaction).find(ann.customer))
            return try await CustomerErasure(transaction, ids: world.base.ids).preview(customer)
        }
        #expect(preview.refusal == nil && preview.services == 2 && preview.contacts == 1 && preview.notes == 1)
        #expect(preview.accounts == 1 && preview.auditEntries == 10 && preview.sessions == 7)
        #expect(try await world.places(of: ann.needles).isSuperset(of: Self.filled))
        try await world.erase(ann)
        await world.close()
    }

    @Test func `an entry that was tampered with is not laundered by erasing it`() async throws {
        let world = try await ErasureWorld()
        try await world.superuser.script(
            """
            SET session_replication_role = replica;
            UPDATE audit_logs SET new_values = '{"status": "evil"}' WHERE resource_type = 'customer' AND action = 'create'
                AND resource_id = '\(world.ann.customer)';
            SET session_replication_role = origin
            """
        )
        let broken = try await world.verify(world.ann.tenant).flaw?.number ?? 0
        await #expect(throws: ErasureRefusal.trailBroken(number: broken)) { try await world.erase(world.ann) }
        await world.close()
    }

    @Test func `values that are gone without an entry that vouches for them are missed`() async throws {
        let world = try await ErasureWorld()
        let ann = world.ann
        let outcome = try await world.base.within(ann.tenant) { transaction in
            try await CustomerErasure(transaction, ids: world.base.ids)
                .erase(ann.customer, reason: "why", IdentityChange(now: DirectoryWorld.now, ids: world.base.ids))
        }
        let first = outcome.left.flatMap(\.keys).min() ?? 0
        #expect(try await world.verify(ann.tenant).flaw == .contentChanged(number: first))
        await world.close()
    }

    @Test func `who was erased stays so, answers the same again and loses what comes late`() async throws {
        let world = try await ErasureWorld()
        let ann = world.ann
        let first = try await world.erase(ann)
        let base = world.base
        await #expect(throws: ErasureRefusal.erased) {
            try await base.within(ann.tenant) {
                _ = try await CustomerWriter($0, ids: base.ids).update(ann.customer) { $0.name = "Back" }
            }
        }
        await #expect(throws: ErasureRefusal.erased) {
            try await base.within(ann.tenant) { _ = try await CustomerWriter($0, ids: base.ids).restore(ann.customer) }
        }
        await #expect(throws: PersistenceError.refused(constraint: "customers_erased")) {
            try await base.within(ann.tenant) {
                _ = try await ServiceWriter($0, ids: base.ids).update(ann.service) { $0.status = .active }
            }
        }
        for statement in [
            "UPDATE customers SET name = 'Back' WHERE id = $2 AND tenant_id = $1",
            "INSERT INTO customer_notes (tenant_id, customer_id, author, body) VALUES ($1, $2, 'a', 'b')",
            "INSERT INTO customer_contacts (tenant_id, customer_id, name) VALUES ($1, $2, 'a')",
            "INSERT INTO users (tenant_id, customer_id, email, name, role) VALUES ($1, $2, 'a@b', 'a', 'customer')",
        ] {
            await #expect(throws: PersistenceError.refused(constraint: "customers_erased"), "\(statement)") {
                try await base.within(ann.tenant) {
                    _ = try await $0.query(statement, [.id(ann.tenant), .id(ann.customer)])
                }
            }
        }
        // A report and an event that were still on their way.
        try await world.superuser.script(
            "UPDATE sessions SET framed_ipv4 = '\(ann.staticAddress)' WHERE service_id = '\(ann.service)'"
        )
        let late = AuditEntry(
            id: base.ids.next(),
            tenantID: ann.tenant,
            origin: AuditOrigin(actor: .subscriber(ann.customer.value), address: IPAddress(ipv4: 1)),
            action: .sessionStop,
            resource: AuditResource("session", base.ids.uuid()),
            change: .created(["username": .text("line-\(ann.word)")]),
            time: DirectoryWorld.now
        )
        try await base.within(ann.tenant) { try await AuditLog($0).append(late) }
        #expect(try await world.places(of: ann.needles) == ["sessions", "audit_logs"])
        let again = try await world.erase(ann, reason: "Erased once more")
        #expect(again.customer == first.customer && again.left.map(\.count) == [1])
        #expect(try await world.places(of: ann.needles) == [])
        #expect(try await world.erase(ann).left == [])
        #expect(try await world.verify(ann.tenant).flaw == nil)
        await world.close()
    }

    @Test(.proves("TEN-03", "TEN-05")) func `no tenant erases another's customer, by whatever door`() async throws {
        let world = try await ErasureWorld()
        let (ann, stranger) = (world.ann, world.base.two.tenant)
        await #expect(throws: PersistenceError.notFound) { try await world.erase(ann, in: stranger) }
        try await world.base.within(stranger) { (transaction) async throws in
            let parameters: [PGValue] = [.id(ann.tenant), .id(ann.customer)]
            for call in ["erase_customer($1, $2)", "personal_audit($1, $2, 10)"] {
                #expect(try await transaction.query("SELECT * FROM \(call)", parameters).isEmpty, "\(call)")
            }
            let texts = try await transaction.query("SELECT personal_texts($1, $2)", parameters).first
            #expect(texts?[0].textArray?.isEmpty == true)
        }
        await #expect(throws: PersistenceError.notFound) {
            try await world.base.within(stranger) {
                _ = try await $0.query(
                    """
                    SELECT erase_audit_values($1, '{1}', '{2026-01-01}', ARRAY[gen_random_uuid()], '{10.0.0.1}', '{a}', '{a}', '{1}',
                        '{1}')
                    """,
                    [.id(ann.tenant)]
                )
            }
        }
        #expect(try await world.places(of: ann.needles).isSuperset(of: Self.filled))
        #expect(try await world.verify(ann.tenant).flaw == nil)
        await world.close()
    }

    @Test func `what is held about him is given whole, newest first, and more than the limit is told`() async throws {
        let world = try await ErasureWorld()
        let ann = world.ann
        try await world.superuser.script(
            """
            INSERT INTO customer_notes (tenant_id, customer_id, author, body)
            SELECT '\(ann.tenant)', '\(ann.customer)', 'staff', 'more ' || i FROM generate_series(1, \(PersonalDataReader.limit)) i
            """
        )
        let data = try await world.base.within(ann.tenant) { transaction in
            let customer = try #require(try await CustomerRepository(transaction).find(ann.customer))
            return try await PersonalDataReader(transaction, of: customer).read(notes: true, audit: true)
        }
        #expect(data.notes?.isTruncated == true && data.notes?.rows.count == PersonalDataReader.limit)
        #expect(data.contacts.rows.map(\.name) == ["Brother of \(ann.word)"] && !data.contacts.isTruncated)
        #expect(Set(data.services.rows.map(\.id)) == [ann.service, ann.second])
        #expect(data.sessions.rows.count == 8 && data.sessions.rows.allSatisfy { $0.customerID == ann.customer })
        #expect(data.usage.rows.map(\.inputOctets) == [5])
        #expect(data.accounts.rows.map(\.id) == [ann.user] && data.accounts.rows.first?.keys == ["Key \(ann.word)"])
        #expect(data.logins.rows.map(\.source) == ["198.51.100.9"])
        #expect(data.audit?.rows.count == 10)
        #expect(data.audit?.rows.contains { $0.entry.resource.type == "plan" } == false)
        #expect(data.serviceHistory.rows.count >= 3)
        let less = try await world.base.within(ann.tenant) { transaction in
            let customer = try #require(try await CustomerRepository(transaction).find(ann.customer))
            return try await PersonalDataReader(transaction, of: customer).read(notes: false, audit: false)
        }
        #expect(less.notes == nil && less.audit == nil)
        await world.close()
    }
}
