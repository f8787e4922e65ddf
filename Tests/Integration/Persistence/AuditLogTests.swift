import Crypto
import Domain
import Persistence
import Postgres
import SharedTesting
import Testing

/// Entries come in by one door, stay as they are, and are seen by whom they concern.
@Suite(.serialized) struct AuditLogTests {
    @Test(.proves("AUD-03", "AUD-10")) func `an entry is read back as it was written`() async throws {
        let world = try await AuditWorld()
        let entries = (1...12).map { world.entry(world.one, $0) }
        try await world.append(entries)
        let records = try await world.records(in: world.one)
        #expect(records.map(\.entry) == entries.reversed())
        #expect(records.map(\.number) == (1...12).reversed())
        #expect(records.map(\.recordedAt) == records.map(\.recordedAt).sorted(by: >))
        let id = entries[3].id
        #expect(try await world.database.transaction(in: world.one) { try await AuditLog($0).find(id)?.number } == 4)
        #expect(try await world.database.transaction(in: world.two) { try await AuditLog($0).find(id) } == nil)
        await world.close()
    }

    @Test(.proves("AUD-07")) func `a change and its entry commit together or not at all`() async throws {
        let world = try await AuditWorld()
        struct Undo: Error {}
        await #expect(throws: Undo.self) {
            try await world.database.transaction(in: world.one) { transaction in
                _ = try await transaction.query("UPDATE tenants SET name = 'changed' WHERE subdomain = 'one'")
                try await AuditLog(transaction).append(world.entry(world.one))
                throw Undo()
            }
        }
        #expect(try await world.records(in: world.operatorID).isEmpty)
        try await world.append([world.entry(world.one)])
        #expect(try await world.records(in: world.one).map(\.number) == [1])
        #expect(try await world.verify(world.one).flaw == nil)
        await world.close()
    }

    @Test(.proves("AUD-01"), arguments: ["nexora_gateway", "nexora_pipeline", "nexora_owner", "postgres"])
    func `nobody changes, removes or writes rows past the door`(role: String) async throws {
        let world = try await AuditWorld()
        try await world.append((1...3).map { world.entry(world.one, $0) })
        _ = try await world.sign()
        let month = try await world.superuser.query(
            "SELECT DISTINCT tableoid::regclass::text FROM audit_logs"
        ).first?[0].text
        let table = try #require(month)
        #expect(table.hasPrefix("audit_logs_2"))
        var statements: [String] = []
        for name in ["audit_logs", table, "audit_logs_default", "audit_checkpoints"] {
            statements += ["UPDATE \(name) SET hash = hash", "DELETE FROM \(name)", "TRUNCATE \(name)"]
        }
        if role.hasSuffix("gateway") || role.hasSuffix("pipeline") {
            statements += [
                "INSERT INTO audit_logs SELECT * FROM audit_logs", "INSERT INTO \(table) SELECT * FROM \(table)",
                "UPDATE audit_chains SET number = 0", "DELETE FROM audit_chains", "DROP TABLE audit_logs",
                "ALTER TABLE audit_logs DISABLE TRIGGER ALL",
                "SELECT add_audit_entries('{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}')",
            ]
        }
        for statement in statements {
            await #expect(throws: PostgresError.self, "\(role): \(statement)") {
                try await world.superuser.transaction(settings: [("nexora.tenants", "{\(world.one)}")]) { transaction in
                    try await transaction.query("SET LOCAL ROLE \(role)")
                    // The word that retention says is of use to the owner alone.
                    if role != "postgres", role != "nexora_owner" {
                        try await transaction.query("SELECT set_config('nexora.audit_removal', 'on', true)")
                    }
                    _ = try await transaction.query(statement)
                }
            }
        }
        let verdict = try await world.verify(world.one)
        #expect(verdict.flaw == nil && verdict.entries == 3 && verdict.checkpoints == 1)
        await world.close()
    }

    @Test(.proves("AUD-11", "TEN-05", "TEN-07")) func `two tenants see and write their own trail alone`() async throws {
        let world = try await AuditWorld()
        try await world.append([world.entry(world.one, 1), world.entry(world.two, 2), world.entry(world.below, 3)])
        func seen(_ root: TenantID) async throws -> Set<TenantID> {
            Set(try await world.records(in: root).map(\.entry.tenantID))
        }
        #expect(try await seen(world.one) == [world.one, world.below])
        #expect(try await seen(world.two) == [world.two])
        #expect(try await seen(world.below) == [world.below])
        #expect(try await seen(world.operatorID).count == 3)
        var foreign = AuditFilter()
        foreign.tenantID = world.two
        #expect(try await world.records(foreign, in: world.one).isEmpty)
        await #expect(throws: PersistenceError.notFound) {
            try await world.append([world.entry(world.one), world.entry(world.two)], in: world.one)
        }
        await #expect(throws: PersistenceError.notFound) {
            try await world.append([world.entry(world.one)], in: world.below)
        }
        #expect(try await world.records(in: world.operatorID).count == 3)
        // No setting, no entry; another's chain is not there either.
        for setting in ["", "{}"] {
            await #expect(throws: PostgresError.self) {
                try await world.database.session.transaction(settings: [("nexora.tenants", setting)]) { transaction in
                    try await transaction.query("SET LOCAL ROLE nexora_gateway")
                    let statement = AuditLog.statement([world.entry(world.one)], as: .gateway)
                    _ = try await transaction.query(statement.sql, statement.parameters)
                }
            }
        }
        let chains = try await world.database.transaction(in: world.two) { try await AuditVerifier($0).tenants() }
        #expect(chains == [world.two])
        await world.close()
    }

    @Test func `a pipeline adds entries for any tenant, and cannot read them`() async throws {
        let world = try await AuditWorld()
        let statement = AuditLog.statement([world.entry(world.two, action: .sessionStart)], as: .pipeline)
        try await world.database.session.transaction { transaction in
            try await transaction.query("SET LOCAL ROLE nexora_pipeline")
            _ = try await transaction.query(statement.sql, statement.parameters)
        }
        #expect(try await world.records(in: world.two).map(\.entry.action) == [.sessionStart])
        await #expect(throws: PostgresError.self) {
            try await world.database.session.transaction { transaction in
                try await transaction.query("SET LOCAL ROLE nexora_pipeline")
                _ = try await transaction.query("SELECT * FROM audit_logs")
            }
        }
        await world.close()
    }

    @Test(.proves("AUD-11", "AUD-13")) func `a search gives what fits, all of it, once, and newest first`() async throws
    {
        let world = try await AuditWorld()
        var random = SeededRandom()
        let tenants = [world.one, world.two, world.below]
        let actions: [AuditAction] = [.update, .login, .read]
        let entries = (0..<300).map { number in
            world.entry(tenants[Int(random.next() % 3)], number, action: actions[Int(random.next() % 3)])
        }
        for part in stride(from: 0, to: 300, by: 25) { try await world.append(Array(entries[part..<(part + 25)])) }
        let all = try await world.records(in: world.operatorID)
        #expect(Set(all.map(\.entry.id)) == Set(entries.map(\.id)))
        for _ in 0..<100 {
            var filter = AuditFilter()
            if random.next() % 3 == 0 { filter.tenantID = tenants[Int(random.next() % 3)] }
            if random.next() % 3 == 0 { filter.actorID = UUID128(high: 5, low: random.next() % 4) }
            if random.next() % 3 == 0 { filter.action = actions[Int(random.next() % 3)] }
            if random.next() % 4 == 0 { filter.outcome = random.next() % 2 == 0 ? .refused : .success }
            if random.next() % 6 == 0 {
                (filter.resourceType, filter.resourceID) = ("customer", "\(random.next() % 300)")
            }
            if random.next() % 6 == 0 { filter.requestID = "req-\(random.next() % 300)" }
            if random.next() % 3 == 0 { filter.since = all[Int(random.next() % 300)].recordedAt }
            if random.next() % 3 == 0 { filter.until = all[Int(random.next() % 300)].recordedAt }
            let root = random.next() % 2 == 0 ? world.operatorID : world.one
            let found = try await world.records(filter, in: root, page: Int(random.next() % 40) + 1)
            let expected = all.filter { fits($0, filter) && (root != world.one || $0.entry.tenantID != world.two) }
            #expect(found == expected, "\(filter)")
        }
        await world.close()
    }

    private func fits(_ record: AuditRecord, _ filter: AuditFilter) -> Bool {
        let entry = record.entry
        return (filter.tenantID.map { $0 == entry.tenantID } ?? true)
            && (filter.actorID.map { $0 == entry.origin.actor.id } ?? true)
            && (filter.action.map { $0 == entry.action } ?? true)
            && (filter.outcome.map { $0 == entry.outcome } ?? true)
            && (filter.resourceID.map { $0 == entry.resource.id } ?? true)
            && (filter.requestID.map { $0 == entry.origin.requestID } ?? true)
            && (filter.since.map { record.recordedAt >= $0 } ?? true)
            && (filter.until.map { record.recordedAt < $0 } ?? true)
    }

    @Test(.proves("AUD-15")) func `many who append at once, also where no chain is yet, keep one chain`() async throws {
        let world = try await AuditWorld()
        let url = world.url
        let (one, two, root) = (world.one, world.two, world.operatorID)
        struct Undo: Error {}
        let undone = try await withThrowingTaskGroup(of: Int.self) { group in
            for writer in 0..<12 {
                group.addTask {
                    let database = Database(url: url, applicationName: "writer")
                    var undone = 0
                    for round in 0..<20 {
                        let number = writer * 100 + round
                        do {
                            try await database.transaction(in: root) { transaction in
                                // In either order: the door sorts tenants.
                                let pair = [world.entry(one, number), world.entry(two, number)]
                                try await AuditLog(transaction).append(writer % 2 == 0 ? pair : pair.reversed())
                                if round % 10 == 9 { throw Undo() }
                            }
                        } catch is Undo {
                            undone += 1
                        }
                    }
                    await database.close()
                    return undone
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(undone == 24)
        for tenant in [one, two] {
            let verdict = try await world.verify(tenant, stretch: 50)
            #expect(verdict.flaw == nil && verdict.entries == 12 * 18 && verdict.last == 12 * 18)
        }
        await world.close()
    }

    @Test(.proves("AUD-12")) func `a group records what many ask, each entry alone refused or kept`() async throws {
        let world = try await AuditWorld()
        let session = PostgresSession(PostgresConfiguration(url: world.url))
        let group = AuditGroup(session, root: world.operatorID)
        let stranger = TenantID(UUID128(high: 1, low: 1))
        let refused = try await withThrowingTaskGroup(of: Bool.self) { tasks in
            tasks.addTask {
                await group.run()
                return false
            }
            let results = try await withThrowingTaskGroup(of: Bool.self) { callers in
                for number in 0..<300 {
                    callers.addTask {
                        do {
                            try await group.record(
                                world.entry(number % 50 == 7 ? stranger : world.one, number, action: .read)
                            )
                            return false
                        } catch PersistenceError.notFound {
                            return true
                        }
                    }
                }
                var refused = 0
                for try await result in callers where result { refused += 1 }
                return refused
            }
            group.finish()
            try await tasks.waitForAll()
            return results
        }
        #expect(refused == 6)
        #expect(try await world.records(in: world.one).count == 294)
        #expect(try await world.verify(world.one).flaw == nil)
        await #expect(throws: PostgresError.self) { try await group.record(world.entry(world.one)) }
        await session.close()
        await world.close()
    }
}
