import Crypto
import Domain
import SharedTesting
import Sockets
import Testing

@testable import RadiusServer

@Suite struct SnapshotTests {
    @Test("A directory comes back from its snapshot whole", .proves("RAD-23"))
    func roundTrip() throws {
        let original = SampleDirectory.make()
        var writer = SnapshotWriter()
        writer.add(original)
        var reader = SnapshotReader(writer.octets)
        let restored = try reader.directory(now: 0)
        #expect(restored.checksum == original.checksum)
        #expect(restored.version == original.version)
        let source = SourceAddress(high: 0, low: 0xffff_7f00_0001, port: 1)
        let (a, b) = (original.candidates(for: source), restored.candidates(for: source))
        #expect(b.map(\.name) == a.map(\.name))
        #expect(b.map(\.secret.bytes) == a.map(\.secret.bytes))
        var again = SnapshotWriter()
        again.add(restored)
        #expect(again.octets.count == writer.octets.count)
    }

    @Test("Extra attributes, windows and time zones come back from a snapshot", .proves("RAD-10", "RAD-18", "RAD-23"))
    func profiles() throws {
        let boost = ServiceBoost(planID: UUID128(high: 7, low: 7), until: ExtrasWorld.noon)
        let original = try ExtrasWorld.directory(timeZone: "Europe/Rome", boost: boost)
        var writer = SnapshotWriter()
        writer.add(original)
        var reader = SnapshotReader(writer.octets)
        let restored = try reader.directory(now: 0)
        let (a, b) = (try #require(original.plans.first), try #require(restored.plans.first))
        #expect(a.row == b.row && a.row?.extras.isEmpty == false && a.row?.windows.count == 1)
        #expect(a.speeds == b.speeds && a.speeds.schedule?.zone != .utc)
        #expect(original.nases.values.first?.extras == restored.nases.values.first?.extras)
        for index in original.subscribers.records.indices where original.subscribers.records[index].isLive {
            let name = original.subscribers.records[index].serviceID
            let twin = try #require(restored.subscribers.find(service: name))
            #expect(original.extras(index) == restored.extras(twin))
            #expect(original.boost(index) == restored.boost(twin))
            #expect(
                original.subscribers.records[index].restriction == restored.subscribers.records[twin].restriction
            )
        }
        #expect(original.subscribers.records.contains { $0.hasExtras && $0.restriction.kind == 3 })
        #expect(original.subscribers.records.indices.contains { original.boost($0) == boost })
        #expect(a.row?.throttles.map(\.position) == [3])
    }

    @Test("A cut snapshot is refused at every length")
    func cut() throws {
        var writer = SnapshotWriter()
        writer.add(try ExtrasWorld.directory())
        for length in stride(from: 0, to: writer.octets.count, by: 7) {
            #expect(throws: SnapshotFormatError.self) {
                var reader = SnapshotReader(Array(writer.octets[..<length]))
                _ = try reader.directory(now: 0)
            }
        }
    }
}

/// A small directory: one tenant, one MikroTik on 127.0.0.0/8, one plan, a few services.
enum SampleDirectory {
    static let tenant = UUID128(high: 1, low: 1)
    static let plan = UUID128(high: 2, low: 2)
    static let nas = UUID128(high: 3, low: 3)
    static let secret = "0123456789abcdef0123456789ABCDEF"

    static func make(requireMessageAuthenticator: Bool = true, rate: UInt32 = 0, secret: String = secret) -> Directory {
        let directory = Directory(expectedServices: 8)
        directory.apply(TenantRow(id: tenant, isActive: true, version: 1))
        directory.apply(
            PlanRow(
                id: plan,
                tenantID: tenant,
                downloadBPS: 50_000_000,
                uploadBPS: 10_000_000,
                interimInterval: 300,
                dnsServers: [0x0808_0808],
                version: 2
            )
        )
        directory.apply(nas(requireMessageAuthenticator, rate, secret), now: 0)
        directory.apply(service(1, "bob", "hello123"))
        directory.apply(service(2, "User", "clientPass"))
        directory.apply(service(3, "alice", "MyPw"))
        var mac = service(4, "02:00:00:00:00:2a", nil)
        mac.kind = .mac
        directory.apply(mac)
        return directory
    }

    static func nas(_ requireMessageAuthenticator: Bool, _ rate: UInt32, _ secret: String) -> NASRow {
        NASRow(
            id: nas,
            tenantID: tenant,
            name: "bras-1",
            range: AddressRange(high: 0, low: 0xffff_7f00_0000, length: 104),
            identifier: nil,
            vendor: .mikrotik,
            secret: Array(secret.utf8),
            requiresMessageAuthenticator: requireMessageAuthenticator,
            limitsProxyState: true,
            swapsOctets: false,
            authRate: rate,
            authBurst: 1_000,
            isActive: true,
            version: 3
        )
    }

    static func service(_ number: UInt64, _ name: String, _ password: String?) -> ServiceRow {
        ServiceRow(
            id: UUID128(high: 4, low: number),
            tenantID: tenant,
            customerID: UUID128(high: 5, low: number),
            planID: plan,
            kind: .pppoe,
            username: Array(name.utf8),
            password: password.map { Array($0.utf8) },
            serviceStatus: .active,
            customerStatus: .active,
            expiresAt: SubscriberRecord.never,
            staticIPv4: 0,
            prefixes: nil,
            version: Int64(10 + number)
        )
    }
}
