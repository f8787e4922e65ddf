import Domain
import Profiles
import RADIUS
import SharedTesting
import Testing

@testable import RadiusServer

/// The sample directory with extra attributes of every level and a window.
enum ExtrasWorld {
    /// 2026-11-21T12:00:00Z, a Saturday.
    static let noon: Int64 = 1_795_262_400_000_000

    static func operation(
        _ name: String,
        _ action: ReplyOperator,
        _ value: String = "",
        vendor: NASVendor? = nil
    ) throws -> ReplyOperation {
        try ReplyAttributeEncoder(try BuiltInDictionary.load()).operation(
            ReplyAttribute(name: name, action: action, value: value, vendor: vendor)
        )
    }

    /// `bob` has an attribute of his own; so has the NAS, and so has the plan.
    static func directory(
        plan extras: [ReplyOperation]? = nil,
        nas: [ReplyOperation]? = nil,
        service: [ReplyOperation]? = nil,
        windows: [SpeedWindow] = [night],
        timeZone: String? = nil,
        restriction: StoredRestriction = StoredRestriction(kind: 3, until: 1),
        caps: [QuotaCap] = [],
        marks: [QuotaMark] = [],
        vendor: NASVendor = .mikrotik,
        swapped: Bool = false,
        boost: ServiceBoost? = nil,
        expiresAt: Int64 = SubscriberRecord.never
    ) throws -> Directory {
        let directory = SampleDirectory.make()
        if let timeZone {
            var tenant = TenantRow(id: SampleDirectory.tenant, isActive: true, version: 100)
            (tenant.timeZone, tenant.zone) = (timeZone, SystemFiles.timeZone(timeZone))
            directory.apply(tenant)
        }
        let number = try #require(directory.planNumber(SampleDirectory.plan))
        var plan = try #require(directory.plan(number)?.row)
        plan.extras = try extras ?? [operation("Filter-Id", .add, "plan")]
        (plan.windows, plan.version) = (windows, 101)
        plan.throttles = [QuotaThrottle(position: 3, rate: SpeedPair(download: 2_000_000, upload: 1_000_000))]
        plan.caps = caps
        directory.apply(plan)
        var entry = SampleDirectory.nas(true, 0, SampleDirectory.secret)
        entry.extras = try nas ?? [operation("Filter-Id", .add, "nas")]
        (entry.vendor, entry.swapsOctets) = (vendor, swapped)
        entry.version = 102
        directory.apply(entry, now: 0)
        var bob = SampleDirectory.service(1, "bob", "hello123")
        bob.extras = try service ?? [operation("Filter-Id", .add, "service")]
        bob.restriction = restriction
        (bob.marks, bob.boost) = (marks, boost)
        bob.expiresAt = expiresAt
        bob.version = 103
        directory.apply(bob)
        return directory
    }

    /// Every night, 22:00 to 06:00.
    static let night = SpeedWindow(
        days: .all,
        start: 22 * 60,
        end: 6 * 60,
        profile: SpeedProfile(rate: SpeedPair(download: 100_000_000, upload: 20_000_000))
    )

    /// What an Access-Accept to the subscriber of that name holds, and how many attributes were left out.
    static func accept(
        _ directory: Directory,
        _ user: String = "bob",
        at wallTime: Int64 = noon,
        isConfined: Bool = false,
        proxyStates: Int = 0
    ) throws -> (packet: Packet, leftOut: Int) {
        let request = Packet(
            .accessRequest,
            identifier: 7,
            authenticator: [UInt8](repeating: 1, count: 16),
            attributes: [.messageAuthenticator, Attribute(AttributeType.userName, text: user)]
                + (0..<proxyStates).map {
                    Attribute(AttributeType.proxyState, [UInt8](repeating: UInt8($0), count: 253))
                }
        )
        let nas = try #require(directory.nases.values.first)
        let octets = try #require(request.encodedRequest(secret: nas.secret))
        var room = [UInt8](repeating: 0, count: 4096)
        var leftOut = 0
        let length = try unsafe octets.withUnsafeBytes { bytes in
            let view = try unsafe PacketView(validating: bytes)
            let subscriber = unsafe Array(user.utf8).withUnsafeBytes {
                unsafe directory.subscribers.find(tenant: nas.tenant, username: $0)
            }
            return unsafe room.withUnsafeMutableBytes { room in
                let begun = unsafe AcceptReply.begin(
                    into: room,
                    view: view,
                    nas: nas,
                    subscriber: subscriber,
                    plan: directory.plans.first,
                    directory: directory,
                    sessionTimeout: 3600,
                    admission: UUID128(high: 9, low: 9),
                    keys: nil,
                    wallTime: wallTime,
                    isConfined: isConfined,
                    leftOut: &leftOut
                )
                return unsafe AcceptReply.finish(room, length: begun, view: view, nas: nas)
            }
        }
        return (try Packet(parsing: Array(room[..<length])), leftOut)
    }
}
