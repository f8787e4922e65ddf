import Domain
import Profiles
import RADIUS
import SharedTesting
import Testing

@testable import RadiusServer

@Suite struct ReplyExtrasTests {
    private func operation(
        _ name: String,
        _ action: ReplyOperator,
        _ value: String = "",
        vendor: NASVendor? = nil
    ) throws -> ReplyOperation {
        try ExtrasWorld.operation(name, action, value, vendor: vendor)
    }

    private func filters(_ packet: Packet) -> [String] {
        packet.attributes.filter { $0.type == AttributeType.filterID }.map { String(decoding: $0.value, as: UTF8.self) }
    }

    private func rate(_ packet: Packet) -> String? {
        packet.firstVendor(Vendor.mikrotik, 8).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test(.proves("RAD-10", "RAD-12")) func `the plan's come first, then the NAS's, then the service's`() throws {
        let directory = try ExtrasWorld.directory()
        let (packet, leftOut) = try ExtrasWorld.accept(directory)
        #expect(filters(packet) == ["plan", "nas", "service"] && leftOut == 0)
        #expect(packet.attributes.first?.type == AttributeType.messageAuthenticator)
        #expect(packet.first(AttributeType.sessionTimeout) == [0, 0, 14, 16])
        // Another subscriber of the plan has no attribute of his own.
        #expect(filters(try ExtrasWorld.accept(directory, "alice").packet) == ["plan", "nas"])
    }

    @Test(.proves("RAD-10", "RAD-12")) func `a later level sets over and takes out what an earlier one put`() throws {
        let directory = try ExtrasWorld.directory(
            plan: [
                operation("Filter-Id", .add, "plan"), operation("Mikrotik-Rate-Limit", .set, "1M/1M"),
                operation("Acct-Interim-Interval", .remove),
            ],
            nas: [operation("Filter-Id", .add, "nas"), operation("Mikrotik-Rate-Limit", .set, "2M/2M")],
            service: [operation("Filter-Id", .remove, "plan"), operation("Mikrotik-Rate-Limit", .remove)]
        )
        let bob = try ExtrasWorld.accept(directory).packet
        #expect(filters(bob) == ["nas"] && rate(bob) == nil)
        #expect(bob.first(AttributeType.acctInterimInterval) == nil)
        let alice = try ExtrasWorld.accept(directory, "alice").packet
        #expect(filters(alice) == ["plan", "nas"] && rate(alice) == "2M/2M")
        // What the server decided for this login is out of everybody's reach.
        #expect(bob.first(AttributeType.class) != nil && bob.first(AttributeType.sessionTimeout) != nil)
    }

    @Test(.proves("RAD-10")) func `an attribute for another vendor's NASes is not sent`() throws {
        let directory = try ExtrasWorld.directory(
            plan: [operation("Cisco-AVPair", .add, "ip:sub-qos-policy-in=HOME", vendor: .cisco)],
            nas: [],
            service: [operation("Mikrotik-Address-List", .add, "vip", vendor: .mikrotik)]
        )
        let packet = try ExtrasWorld.accept(directory).packet
        #expect(packet.firstVendor(Vendor.cisco, 1) == nil)
        #expect(packet.firstVendor(Vendor.mikrotik, 19) == Array("vip".utf8))
    }

    @Test(.proves("RAD-17")) func `what a service has for itself does not follow it into the walled garden`() throws {
        let directory = try ExtrasWorld.directory(service: [operation("Mikrotik-Rate-Limit", .set, "1000M/1000M")])
        let packet = try ExtrasWorld.accept(directory, isConfined: true).packet
        #expect(rate(packet) == "10M/50M" && filters(packet) == ["plan", "nas"])
    }

    @Test(.proves("RAD-10", "RAD-12"))
    func `what a reply has no room for is left out and counted, and the login goes on`() throws {
        let long = String(repeating: "x", count: 253)
        let many = try (0..<8).map { _ in try operation("Filter-Id", .add, long) }
        let directory = try ExtrasWorld.directory(plan: many, nas: many, service: many)
        for proxyStates in [0, 4, 8, 14] {
            let (packet, leftOut) = try ExtrasWorld.accept(directory, proxyStates: proxyStates)
            #expect(packet.code == PacketCode.accessAccept.rawValue)
            #expect(leftOut > 0 && filters(packet).count == 24 - leftOut, "\(proxyStates) Proxy-State attributes")
            #expect(packet.attributes.filter { $0.type == AttributeType.proxyState }.count == proxyStates)
            #expect(packet.first(AttributeType.class) != nil)
        }
        let none = try ExtrasWorld.directory(plan: Array(many.prefix(4)), nas: [], service: [])
        #expect(try ExtrasWorld.accept(none).leftOut == 0)
    }

    @Test(.proves("RAD-18")) func `the speed is that of the window at the login, by the tenant's clocks`() throws {
        let utc = try ExtrasWorld.directory()
        let rome = try ExtrasWorld.directory(timeZone: "Europe/Rome")
        let hour: Int64 = 3_600_000_000
        func limit(_ directory: Directory, _ hours: Int64) throws -> String? {
            rate(try ExtrasWorld.accept(directory, at: ExtrasWorld.noon + hours * hour).packet)
        }
        #expect(try limit(utc, 0) == "10M/50M" && limit(utc, 9) == "10M/50M" && limit(utc, 10) == "20M/100M")
        #expect(try limit(utc, 17) == "20M/100M" && limit(utc, 18) == "10M/50M")
        // In winter an hour ahead.
        #expect(try limit(rome, 8) == "10M/50M" && limit(rome, 9) == "20M/100M" && limit(rome, 17) == "10M/50M")
        // The session's end is not the window's.
        let packet = try ExtrasWorld.accept(utc, at: ExtrasWorld.noon + 17 * hour).packet
        #expect(packet.first(AttributeType.sessionTimeout) == [0, 0, 14, 16])
        // The plan's own attributes hold in the window as well.
        #expect(filters(packet) == ["plan", "nas", "service"])
    }

    @Test(.proves("RAD-18")) func `a change of the tenant's time zone moves its plans' windows`() throws {
        let directory = try ExtrasWorld.directory()
        var tenant = TenantRow(id: SampleDirectory.tenant, isActive: true, version: 200)
        (tenant.timeZone, tenant.zone) = ("Asia/Kathmandu", SystemFiles.timeZone("Asia/Kathmandu"))
        directory.apply(tenant)
        // 17:45 there at noon in UTC; 22:00 there is 16:15.
        let evening = ExtrasWorld.noon + 255 * 60_000_000
        #expect(rate(try ExtrasWorld.accept(directory, at: evening - 1).packet) == "10M/50M")
        #expect(rate(try ExtrasWorld.accept(directory, at: evening).packet) == "20M/100M")
        (tenant.timeZone, tenant.zone, tenant.version) = ("Nowhere/Atall", nil, 201)
        directory.apply(tenant)
        #expect(rate(try ExtrasWorld.accept(directory, at: evening).packet) == "10M/50M", "no clock, no window")
    }

    @Test(.proves("RAD-10")) func `a service that loses its attributes loses them at once`() throws {
        let directory = try ExtrasWorld.directory()
        var bob = SampleDirectory.service(1, "bob", "hello123")
        bob.version = 300
        directory.apply(bob)
        #expect(filters(try ExtrasWorld.accept(directory).packet) == ["plan", "nas"])
    }
}
