import Domain
import Events
import Persistence
import Postgres
import SharedTesting
import Testing
import WireFormat

/// Devices and what checks of them found, in Postgres.
@Suite struct DeviceTests {
    /// A directory with somebody who checks.
    private struct Scene {
        let world: DirectoryWorld
        let superuser: PostgresSession
        let session: PostgresSession
        let store: DeviceCheckStore
        let secrets: DirectorySecrets

        init() async throws {
            world = try await DirectoryWorld()
            superuser = try await world.superuser()
            session = PostgresSession(PostgresConfiguration(url: world.url, role: "nexora_pipeline"))
            store = DeviceCheckStore(session)
            secrets = DirectorySecrets(world.keyring)
        }

        func device(_ name: String, _ edit: (inout Device) -> Void = { _ in }) throws -> Device {
            var device = Device(
                tenantID: world.one.tenant,
                id: DeviceID(.zero),
                name: name,
                kind: .router,
                host: try #require(NetworkHost("192.0.2.1"))
            )
            edit(&device)
            return device
        }

        @discardableResult
        func add(_ name: String, password: String? = nil, _ edit: (inout Device) -> Void = { _ in }) async throws
            -> Device
        {
            let device = try device(name, edit)
            return try await world.within(world.one.tenant) { transaction in
                let change = try await DeviceWriter(transaction, ids: world.ids).create(
                    device,
                    tenant: world.one.tenant,
                    password: password.map { Array($0.utf8) },
                    secrets: secrets
                )
                return try #require(change.after)
            }
        }

        @discardableResult
        func change(_ id: DeviceID, _ edit: (inout Device) throws -> DeviceWriter.Password) async throws -> Device {
            try await world.within(world.one.tenant) { transaction in
                let change = try await DeviceWriter(transaction, ids: world.ids).update(id, secrets: secrets, edit)
                return try #require(change.after)
            }
        }

        func find(_ id: DeviceID) async throws -> Device? {
            try await world.within(world.one.tenant) { try await DeviceRepository($0).find(id) }
        }

        /// What the outbox tells of statuses, the oldest first.
        func told() async throws -> [DeviceStatusChanged] {
            try await superuser.query(
                "SELECT data FROM outbox WHERE subject = 'device.status_changed' ORDER BY created_at"
            ).map {
                var reader = JSONReader(Array(($0["data"].text ?? "").utf8))
                return try DeviceStatusChanged(from: &reader)
            }
        }

        /// Checks all that are due, each with that result.
        func check(_ result: DeviceCheckResult, at now: Timestamp) async throws -> Int {
            let terms = DeviceHealthTerms(failures: 1, successes: 1, interval: .seconds(60), retry: .seconds(10))
            let due = try await store.due(at: now, limit: 100)
            return try await store.store(
                due.map { device in
                    var device = device
                    device.health.take(result, at: now, terms: terms)
                    return (device, now + .seconds(60))
                }
            )
        }

        func close() async {
            await session.close()
            await superuser.close()
            await world.close()
        }
    }

    /// Later than any row was made.
    private static let later = Timestamp(secondsSince1970: 4_000_000_000)

    @Test(.proves("DEV-01", "DEV-02", "MTK-01"))
    func `a device is stored whole, with a password that only its own row opens`() async throws {
        let scene = try await Scene()
        let core = try await scene.add("core", password: "over the hills") {
            $0.vendor = .mikrotik
            $0.host = .name("core.example.net")
            ($0.port, $0.usesTLS) = (8_729, true)
            $0.certificateFingerprint = String(repeating: "0a", count: 32)
            ($0.username, $0.location, $0.tags) = ("nexora", "Hill 7", ["north", "fibre"])
            $0.nasID = scene.world.one.nas.id
        }
        #expect(core.health.status == .unknown && core.credentialsSetAt != nil && core.stamp != nil)
        #expect(core.host == .name("core.example.net") && core.tags == ["north", "fibre"] && core.usesTLS)
        let sealed = try #require(
            try await scene.world.within(scene.world.one.tenant) {
                try await DeviceRepository($0).sealedPassword(of: core)
            }
        )
        #expect(
            try scene.secrets.open(password: sealed, of: core.id, tenant: core.tenantID) == Array("over the hills".utf8)
        )
        let other = try await scene.add("other")
        #expect(throws: (any Error).self) {
            try scene.secrets.open(password: sealed, of: other.id, tenant: core.tenantID)
        }
        let found = try await scene.world.within(scene.world.one.tenant) {
            try await DeviceRepository($0).find(of: scene.world.one.nas.id)
        }
        #expect(found == core)
        #expect(try await scene.change(core.id) { _ in .removed }.credentialsSetAt == nil)
        // Another tenant's ids are not there.
        try await scene.world.within(scene.world.two.tenant) { (transaction) async throws in
            let devices = DeviceRepository(transaction)
            #expect(try await devices.find(core.id) == nil)
            #expect(try await devices.list(limit: 10).isEmpty)
            await #expect(throws: PersistenceError.notFound) { try await devices.update(core) }
            await #expect(throws: PersistenceError.notFound) { try await devices.remove(core) }
            await #expect(throws: PersistenceError.notFound) { _ = try await devices.sealedPassword(of: core) }
        }
        await scene.close()
    }

    @Test(.proves("DEV-01")) func `names and NASes are one device's each, and nothing hangs on itself`() async throws {
        let scene = try await Scene()
        let top = try await scene.add("top") { $0.nasID = scene.world.one.nas.id }
        await #expect(throws: PersistenceError.alreadyExists(constraint: "devices_tenant_id_name_key")) {
            try await scene.add("top")
        }
        await #expect(throws: PersistenceError.alreadyExists(constraint: "devices_of_nas")) {
            try await scene.add("twin") { $0.nasID = scene.world.one.nas.id }
        }
        await #expect(throws: PersistenceError.stillReferenced(constraint: "devices_nas")) {
            try await scene.add("stray") { $0.nasID = scene.world.two.nas.id }
        }
        let middle = try await scene.add("middle") { $0.parentID = top.id }
        let leaf = try await scene.add("leaf") { $0.parentID = middle.id }
        await #expect(throws: PersistenceError.refused(constraint: "devices_no_cycle")) {
            try await scene.change(top.id) { device in
                device.parentID = leaf.id
                return .kept
            }
        }
        // The NAS goes; the device is no NAS then.
        try await scene.world.within(scene.world.one.tenant) { try await NASRepository($0).remove(scene.world.one.nas) }
        let left = try #require(try await scene.find(top.id))
        #expect(left.nasID == nil && left.stamp != top.stamp)
        await scene.close()
    }

    @Test(.proves("DEV-04")) func `a device that others need is not removed, and is told by whom`() async throws {
        let scene = try await Scene()
        let nas = scene.world.one.nas
        let top = try await scene.add("top") { $0.nasID = nas.id }
        let leaf = try await scene.add("leaf") { $0.parentID = top.id }
        try await scene.superuser.query(
            """
            INSERT INTO sessions (tenant_id, session_key, nas_id, username, acct_session_id, started_at, last_update_at)
            VALUES ($1, gen_random_uuid(), $2, 'ann', 's', now(), now())
            """,
            [.id(top.tenantID), .id(nas.id)]
        )
        func remove(_ device: Device) async throws {
            try await scene.world.within(scene.world.one.tenant) {
                _ = try await DeviceWriter($0, ids: scene.world.ids).delete(device.id)
            }
        }
        let both = DeviceDependents(devices: 1, names: ["leaf"], liveSessions: 1)
        await #expect(throws: both) { try await remove(top) }
        #expect(both.description.contains("\"leaf\"") && both.description.contains("1 session is open"))
        try await remove(leaf)
        await #expect(throws: DeviceDependents(devices: 0, names: [], liveSessions: 1)) { try await remove(top) }
        try await scene.superuser.query("UPDATE sessions SET ended_at = now(), closed_by = 'stop'")
        try await remove(top)
        #expect(try await scene.find(top.id) == nil)
        #expect(try await scene.superuser.query("SELECT count(*) FROM device_status").first?[0].int == 0)
        await scene.close()
    }

    @Test(.proves("DEV-03")) func `a check's result and its event commit together, once for each change`() async throws
    {
        let scene = try await Scene()
        let core = try await scene.add("core") { $0.nasID = scene.world.one.nas.id }
        try await scene.add("idle") { $0.isActive = false }
        #expect(try await scene.store.lead())
        let now = Self.later
        #expect(try await scene.check(.answered, at: now) == 1)
        #expect(try await scene.check(.answered, at: now) == 0, "nothing is due")
        #expect(try await scene.check(.answered, at: now + .seconds(60)) == 1)
        #expect(try await scene.check(.failed(.timedOut), at: now + .seconds(120)) == 1)
        let found = try #require(try await scene.find(core.id))
        #expect(found.stamp == core.stamp, "a check is no change of the device")
        #expect(found.health.status == .offline && found.health.since == now + .seconds(120))
        #expect(found.health.lastSeenAt == now + .seconds(60) && found.health.lastError == "timed_out")
        let told = try await scene.told()
        #expect(told.map(\.status) == [.online, .offline] && told.map(\.before) == [.unknown, .online])
        #expect(told.last?.deviceID == core.id && told.last?.deviceName == "core" && told.last?.kind == "router")
        #expect(told.last?.at == now + .seconds(120) && told.last?.lastSeenAt == now + .seconds(60))
        #expect(told.last?.reason == "timed_out" && told.last?.nasID == scene.world.one.nas.id)
        var counts = DeviceCounts()
        counts.offline = 1
        #expect(try await scene.store.counts() == counts)
        await scene.close()
    }

    @Test(.proves("DEV-03")) func `what was found of a place is not held against another, nor against nobody`()
        async throws
    {
        let scene = try await Scene()
        let core = try await scene.add("core")
        #expect(try await scene.check(.failed(.refused), at: Self.later) == 1)
        #expect(try await scene.find(core.id)?.health.status == .offline)
        let due = try await scene.store.due(at: Self.later + .seconds(60), limit: 10)
        let moved = try await scene.change(core.id) { device in
            device.port = 22
            return .kept
        }
        #expect(moved.health.status == .unknown && moved.health.failures == 0 && moved.health.lastError == nil)
        #expect(try await scene.told().map(\.status) == [.offline, .unknown])
        // Of before the move.
        #expect(try await scene.store.store(due.map { ($0, Self.later + .seconds(999)) }) == 0)
        #expect(try await scene.find(core.id)?.health == moved.health)
        #expect(try await scene.check(.answered, at: Self.later + .seconds(61)) == 1)
        try await scene.change(core.id) { device in
            device.isActive = false
            return .kept
        }
        #expect(try await scene.store.due(at: Self.later + .seconds(999), limit: 10).isEmpty)
        #expect(try await scene.find(core.id)?.health.status == .unknown)
        await scene.close()
    }

    @Test func `one leads at a time, and every change of a device is told by its id`() async throws {
        let scene = try await Scene()
        let rival = PostgresSession(PostgresConfiguration(url: scene.world.url, role: "nexora_pipeline"))
        #expect(try await scene.store.lead())
        #expect(try await !DeviceCheckStore(rival).lead())
        #expect(try await scene.store.lead())
        await scene.session.close()
        try await eventually { try await DeviceCheckStore(rival).lead() }
        let core = try await scene.add("core")
        try await scene.change(core.id) { device in
            device.location = "Hill 7"
            return .kept
        }
        try await scene.world.within(scene.world.one.tenant) {
            _ = try await DeviceWriter($0, ids: scene.world.ids).delete(core.id)
        }
        let rows = try await scene.superuser.query(
            "SELECT data FROM outbox WHERE subject = 'device.changed' ORDER BY created_at"
        )
        let events = try rows.map { row in
            var reader = JSONReader(Array((row["data"].text ?? "").utf8))
            return try DeviceChanged(from: &reader)
        }
        #expect(events.map(\.deleted) == [false, false, true])
        #expect(events.allSatisfy { $0.deviceID == core.id })
        #expect(zip(events, events.dropFirst()).allSatisfy { $0.version < $1.version })
        await rival.close()
        await scene.close()
    }
}
