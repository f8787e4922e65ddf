import Crypto
import Domain
import Persistence
import Postgres
import SharedTesting
import Testing

/// Changes with a version, and what commits with them.
@Suite struct WriterTests {
    private static func fill(_ customer: inout Customer) {
        (customer.name, customer.phone, customer.address) = ("Zoe", "+1", "Street 1")
    }

    @Test(.proves("CUS-01", "CUS-02", "CUS-06"))
    func `customers get codes of their own, one after another in each tenant`() async throws {
        let world = try await DirectoryWorld()
        func create(_ tenant: TenantID, _ code: String = "") async throws -> String? {
            try await world.within(tenant) { transaction in
                try await CustomerWriter(transaction, ids: world.ids).create(tenant: tenant) { customer in
                    Self.fill(&customer)
                    customer.code = code
                }.after?.code
            }
        }
        #expect(try await create(world.one.tenant) == "C000001")
        #expect(try await create(world.one.tenant, "C000002") == "C000002")
        #expect(try await create(world.one.tenant, "C000004") == "C000004")
        #expect(try await create(world.two.tenant) == "C000001")
        let drawn = [try await create(world.one.tenant), try await create(world.one.tenant)].compactMap { $0 }
        #expect(Set(drawn).isDisjoint(with: ["C000001", "C000002", "C000004"]) && Set(drawn).count == 2)
        await #expect(throws: PersistenceError.alreadyExists(constraint: "idx_tenant_code")) {
            try await create(world.one.tenant, "C000001")
        }
        await #expect(throws: PersistenceError.notFound) {
            try await world.within(world.one.tenant) { transaction in
                _ = try await CustomerWriter(transaction, ids: world.ids).create(tenant: world.two.tenant, Self.fill)
            }
        }
        await #expect(throws: ValidationError.self) {
            try await world.within(world.one.tenant) { transaction in
                _ = try await CustomerWriter(transaction, ids: world.ids).create(tenant: world.one.tenant) {
                    $0.name = "x"
                }
            }
        }
        await world.close()
    }

    @Test func `many who create at once all get different codes`() async throws {
        let world = try await DirectoryWorld()
        let pool = PostgresPool(
            PostgresConfiguration(url: world.url, maximumConnections: 4, statementTimeout: .seconds(120))
        )
        let codes = try await withThrowingTaskGroup(of: String?.self) { group in
            for _ in 0..<20 {
                group.addTask { [tenant = world.one.tenant, ids = world.ids] in
                    try await ScopedDatabase(root: tenant, on: pool).transaction { transaction in
                        try await CustomerWriter(transaction, ids: ids).create(tenant: tenant, Self.fill).after?.code
                    }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(codes).count == 20)
        await pool.close()
        await world.close()
    }

    @Test(.proves("API-06")) func `a change needs the version it was made for, and tells what was before`() async throws
    {
        let world = try await DirectoryWorld()
        let id = world.one.customer.id
        try await world.within(world.one.tenant) { transaction in
            let writer = CustomerWriter(transaction, ids: world.ids)
            let version = try #require(try await CustomerRepository(transaction).find(id)?.stamp?.version)
            let change = try await writer.update(id, expecting: version) { customer in
                customer.phone = "+2"
                customer.tags = ["vip"]
                (customer.latitude, customer.longitude) = (52.5, 13.4)
                customer.monthlyFee = try Money("19.9", currency: .euro)
                customer.installedOn = CivilDate("2026-02-03")
                // Who he is cannot be edited.
                customer.id = CustomerID(.zero)
                customer.tenantID = world.two.tenant
            }
            #expect(change.before?.phone == "+1" && change.after?.phone == "+2" && change.after?.id == id)
            #expect(change.after?.monthlyFee?.decimal == "19.9000" && change.after?.tags == ["vip"])
            #expect(change.after?.latitude == 52.5 && change.after?.installedOn == CivilDate("2026-02-03"))
            let now = try #require(change.after?.stamp?.version)
            #expect(now > version)
            await #expect(throws: VersionConflict(current: now)) {
                try await writer.update(id, expecting: version) { $0.phone = "+3" }
            }
            await #expect(throws: PersistenceError.notFound) {
                try await writer.update(world.two.customer.id) { $0.phone = "+3" }
            }
            #expect(try await CustomerRepository(transaction).find(id)?.phone == "+2")
        }
        await world.close()
    }

    @Test(.proves("CUS-05", "CUS-07"))
    func `a deleted customer is hidden, comes back whole, and never with a living service`() async throws {
        let world = try await DirectoryWorld()
        let id = world.one.customer.id
        func delete() async throws -> Change<Customer> {
            try await world.within(world.one.tenant) { try await CustomerWriter($0, ids: world.ids).delete(id) }
        }
        await #expect(throws: PersistenceError.stillReferenced(constraint: "customer_services")) { try await delete() }
        try await world.within(world.one.tenant) { transaction in
            let note = try await CustomerWriter(transaction, ids: world.ids).addNote(id, author: "me", text: "called")
            #expect(note.after?.text == "called" && note.before == nil)
            _ = try await ServiceWriter(transaction, ids: world.ids).update(world.one.service.id) {
                $0.status = .terminated
            }
        }
        #expect(try await delete().after?.deletedAt != nil)
        await #expect(throws: PersistenceError.notFound) { try await delete() }
        try await world.within(world.one.tenant) { transaction in
            #expect(try await CustomerRepository(transaction).find(id) == nil)
            let listing = Listing(transaction, scope: world.one.tenant, cursors: .random())
            for (deleted, count) in [("exclude", 0), ("include", 1), ("only", 1)] {
                let query = try ListQuery(ListParameters(count: "true", deleted: deleted), of: .customers)
                #expect(try await listing.page(of: .customers, query).total == count)
            }
            let services = ServiceWriter(transaction, ids: world.ids)
            await #expect(throws: PersistenceError.notFound) {
                try await services.create(customer: id, plan: world.one.plan.id, username: "new")
            }
            #expect(try await CustomerStatistics.read(transaction).deleted == 1)
            let restored = try await CustomerWriter(transaction, ids: world.ids).restore(id)
            #expect(restored.after?.deletedAt == nil && restored.before?.deletedAt != nil)
            let notes = try await listing.page(
                of: .customerNotes,
                try ListQuery(of: .customerNotes).adding(.equal("customer_id", id, of: .customerNotes))
            )
            #expect(notes.rows.map(\.text) == ["called"])
        }
        for statement in ["UPDATE customer_notes SET body = 'x'", "DELETE FROM customer_notes"] {
            await #expect(throws: PostgresError.self) {
                try await world.within(world.one.tenant) { _ = try await $0.query(statement) }
            }
        }
        await world.close()
    }

    @Test(.proves("CUS-08")) func `what becomes of a service is remembered, whoever does it`() async throws {
        let world = try await DirectoryWorld()
        let service = world.one.service
        try await world.within(world.one.tenant) { transaction in
            let writer = ServiceWriter(transaction, ids: world.ids)
            _ = try await writer.update(service.id) { $0.status = .suspended }
            _ = try await writer.update(service.id) { _ in }
            _ = try await ServiceRepository(transaction).update(service)
        }
        try await world.asRole("nexora_pipeline") { transaction in
            _ = try await transaction.query(
                "UPDATE services SET bound_mac = '02:00:00:00:00:01', bound_at = clock_timestamp()"
            )
        }
        try await world.within(world.one.tenant) { transaction in
            _ = try await ServiceWriter(transaction, ids: world.ids).delete(service.id)
            let listing = Listing(transaction, scope: world.one.tenant, cursors: .random())
            let query = try ListQuery(ListParameters(sort: "id"), of: .serviceHistory)
                .adding(.equal("customer_id", service.customerID, of: .serviceHistory))
            let rows = try await listing.page(of: .serviceHistory, query).rows
            #expect(rows.prefix(2).map(\.before) == ["{\"status\": \"active\"}", "{\"status\": \"suspended\"}"])
            #expect(rows.prefix(2).map(\.after) == ["{\"status\": \"suspended\"}", "{\"status\": \"active\"}"])
            #expect(
                rows.count == 3 && rows.last?.after == nil
                    && rows.last?.before.contains("\"username\": \"ann\"") == true
            )
        }
        #expect(
            try await world.within(world.two.tenant) { try await $0.query("SELECT FROM service_history").count } == 0
        )
        await world.close()
    }

    @Test(.proves("PLN-01", "PLN-03", "PLN-04", "PLN-05")) func `plans and their advanced settings are changed apart`()
        async throws
    {
        let world = try await DirectoryWorld()
        try await world.within(world.one.tenant) { transaction in
            let writer = PlanWriter(transaction, ids: world.ids)
            let plan = try #require(
                try await writer.create(tenant: world.one.tenant, currency: .euro) { plan in
                    plan.name = "Home"
                    (plan.downloadBitsPerSecond, plan.uploadBitsPerSecond) = (50_000_000, 10_000_000)
                    plan.price = try Money("19.9", currency: .euro)
                }.after
            )
            #expect(try await writer.advancedSettings(plan.id) == nil)
            let first = try await writer.updateAdvancedSettings(plan.id, expecting: 0) { $0.priority = 3 }
            #expect(first.before == nil && first.after?.priority == 3 && first.after?.queueType == "pcq")
            let version = try #require(first.after?.rowVersion)
            await #expect(throws: VersionConflict(current: version)) {
                try await writer.updateAdvancedSettings(plan.id, expecting: 0) { $0.priority = 4 }
            }
            let second = try await writer.updateAdvancedSettings(plan.id, expecting: version) { $0.priority = 4 }
            #expect(second.before?.priority == 3 && second.after?.priority == 4)
            #expect(try await writer.delete(plan.id).after == nil)
        }
        await #expect(throws: PersistenceError.stillReferenced(constraint: "services_tenant_id_plan_id_fkey")) {
            try await world.within(world.one.tenant) {
                _ = try await PlanWriter($0, ids: world.ids).delete(world.one.plan.id)
            }
        }
        await world.close()
    }

    @Test(.proves("CUS-06", "TEN-05")) func `a service takes a plan of its customer's tenant alone`() async throws {
        let world = try await DirectoryWorld()
        try await world.within(world.operatorID) { transaction in
            let writer = ServiceWriter(transaction, ids: world.ids)
            for plan in [world.two.plan.id, PlanID(.zero)] {
                await #expect(throws: ValidationError.self) {
                    try await writer.create(customer: world.one.customer.id, plan: plan, username: "bob")
                }
                await #expect(throws: ValidationError.self) {
                    try await writer.update(world.one.service.id) { $0.planID = plan }
                }
            }
            let created = try await writer.create(
                customer: world.one.customer.id,
                plan: world.one.plan.id,
                username: "bob"
            )
            #expect(created.after?.tenantID == world.one.tenant && created.before == nil)
        }
        await world.close()
    }

    @Test(.proves("RAD-16")) func `a password is told once and never stands in the clear`() async throws {
        let world = try await DirectoryWorld()
        let secrets = DirectorySecrets(world.keyring)
        let id = world.one.service.id
        try await world.within(world.one.tenant) { transaction in
            let writer = CredentialWriter(transaction, secrets: secrets)
            await #expect(throws: CredentialError.exists) { try await writer.generate(id) }
            #expect(try await writer.reveal(id).password == DirectoryWorld.password)
            await #expect(throws: CredentialError.alreadyRevealed) { try await writer.reveal(id) }
            let rotated = try await writer.rotate(id)
            #expect(
                rotated.password.utf8.count == 12 && rotated.change.before?.version != rotated.change.after?.version
            )
            await #expect(throws: CredentialError.alreadyRevealed) { try await writer.reveal(id) }
            let stored = try await ServiceRepository(transaction).sealedPassword(of: world.one.service)
            let opened = try secrets.open(password: try #require(stored), of: id, tenant: world.one.tenant)
            #expect(String(decoding: opened, as: UTF8.self) == rotated.password)
            _ = try await writer.set(id, password: Array("chosen".utf8))
            #expect(try await writer.status(id)?.revealedAt == nil)
            #expect(try await writer.reveal(id).password == "chosen")
            for octets in [0, 129] {
                await #expect(throws: ValidationError.self) {
                    try await writer.set(id, password: [UInt8](repeating: 65, count: octets))
                }
            }
            #expect(try await writer.remove(id).after == nil)
            for absent in [
                { _ = try await writer.reveal(id) }, { _ = try await writer.rotate(id) },
                { _ = try await writer.remove(id) },
            ] as [() async throws -> Void] {
                await #expect(throws: CredentialError.absent) { try await absent() }
            }
            #expect(try await writer.generate(id).password.utf8.count == 12)
            await #expect(throws: PersistenceError.notFound) { try await writer.rotate(world.two.service.id) }
        }
        await world.close()
    }

    @Test(.proves("TEN-13")) func `no NAS is added that packets could not tell from another's, of whatever tenant`()
        async throws
    {
        let world = try await DirectoryWorld()
        let secrets = DirectorySecrets(world.keyring)
        let taken = PersistenceError.alreadyExists(constraint: "nas_devices_address")
        let address = world.one.nas.address
        func create(_ identifier: String?) async throws -> Change<NAS> {
            try await world.within(world.two.tenant) { transaction in
                try await NASWriter(transaction, ids: world.ids).create(
                    tenant: world.two.tenant,
                    name: "second",
                    address: address,
                    secret: Array(DirectoryWorld.secret.utf8),
                    secrets: secrets
                ) { $0.identifier = identifier }
            }
        }
        await #expect(throws: taken) { try await create("one") }
        let id = try #require(try await create("third").after?.id)
        try await world.within(world.two.tenant) { transaction in
            let writer = NASWriter(transaction, ids: world.ids)
            #expect(try await writer.update(id) { $0.coaPort = 1700 }.after?.coaPort == 1700)
            await #expect(throws: taken) { try await writer.update(id) { $0.identifier = "one" } }
            await #expect(throws: ValidationError.self) {
                try await writer.replaceSecret(id, secret: [], secrets: secrets)
            }
            for bad in ["a\nkey", "tab\t", "ä", "\u{7f}"] {
                await #expect(throws: ValidationError.self) {
                    try await writer.replaceSecret(id, secret: Array(bad.utf8), secrets: secrets)
                }
            }
            _ = try await writer.replaceSecret(id, secret: Array("!~ another".utf8), secrets: secrets)
            #expect(try await writer.delete(id).before?.id == id)
        }
        await world.close()
    }

    @Test(.proves("IPAM-14")) func `pools are made, changed where they may be, and removed`() async throws {
        let world = try await DirectoryWorld()
        try await world.within(world.one.tenant) { transaction in
            let writer = PoolWriter(transaction, ids: world.ids)
            let range = try #require(IPPrefix("10.9.0.0/24"))
            let pool = try #require(
                try await writer.create(tenant: world.one.tenant, name: "p", range: range, use: .ipv4).after
            )
            let change = try await writer.update(pool.id, expecting: pool.stamp?.version) { pool in
                pool.name = "q"
                pool.unitLength = 30
            }
            #expect(change.after?.name == "q" && change.after?.unitLength == 32)
            await #expect(throws: VersionConflict.self) {
                try await writer.delete(pool.id, expecting: pool.stamp?.version)
            }
            #expect(try await writer.delete(pool.id).after == nil)
        }
        await world.close()
    }

    @Test(.proves("MSG-09")) func `what is undone announces nothing`() async throws {
        let world = try await DirectoryWorld()
        struct Undo: Error {}
        func announced() async throws -> Int {
            try await world.asRole("nexora_pipeline") { transaction in
                try await transaction.query("SELECT count(*) FROM outbox").first?[0].int ?? -1
            }
        }
        let before = try await announced()
        await #expect(throws: Undo.self) {
            try await world.within(world.one.tenant) { transaction in
                _ = try await CustomerWriter(transaction, ids: world.ids).update(world.one.customer.id) {
                    $0.phone = "+5"
                }
                throw Undo()
            }
        }
        #expect(try await announced() == before)
        _ = try await world.within(world.one.tenant) { transaction in
            try await CustomerWriter(transaction, ids: world.ids).update(world.one.customer.id) { $0.phone = "+5" }
                .after
        }
        #expect(try await announced() == before + 1)
        await world.close()
    }
}
