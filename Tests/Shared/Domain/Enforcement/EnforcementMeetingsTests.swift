import Domain
import SharedTesting
import Testing

@Suite(.proves("COA-04", "COA-05")) struct EnforcementMeetingsTests {
    private static let start = Timestamp(secondsSince1970: 1_790_000_000)

    private static func order(_ random: inout SeededRandom, _ number: UInt64) -> EnforcementOrder {
        let names = Int.random(in: 0..<3, using: &random)
        return EnforcementOrder(
            tenantID: TenantID(UUID128(high: 1, low: UInt64.random(in: 0..<2, using: &random))),
            id: EnforcementID(UUID128(high: 2, low: number)),
            kind: Bool.random(using: &random) ? .disconnect : .change,
            cause: [.requested, .plan, .renewed, .sessionLimit].randomElement(using: &random) ?? .plan,
            nasID: NASID(UUID128(high: 3, low: 1)),
            sessionID: names == 1 ? nil : SessionID(Self.any(&random, 4)),
            admissionID: names == 2 ? nil : AdmissionID(Self.any(&random, 5)),
            requestedAt: start,
            storedAt: start
        )
    }

    private static func any(_ random: inout SeededRandom, _ kind: UInt64) -> UUID128 {
        UUID128(high: kind, low: UInt64.random(in: 0..<3, using: &random))
    }

    private static func meets(_ one: EnforcementOrder, _ other: EnforcementOrder) -> Bool {
        guard one.tenantID == other.tenantID else { return false }
        if let session = one.sessionID, let theirs = other.sessionID { return session == theirs }
        return one.admissionID != nil && one.admissionID == other.admissionID
    }

    /// What becomes of each new one, held against every other one.
    private static func plain(_ new: [EnforcementOrder], _ others: [EnforcementOrder]) -> [EnforcementID: String] {
        var fates: [EnforcementID: String] = [:]
        for (place, order) in new.enumerated() {
            let present = (others + new[..<place]).filter { fates[$0.id] == nil && meets(order, $0) }
            let meeting = EnforcementMeeting(order, among: present)
            for old in meeting.supersedes { fates[old] = "superseded" }
            if let other = meeting.joins { fates[order.id] = "joined \(other)" }
            if meeting.isSuperseded { fates[order.id] = "superseded" }
        }
        return fates
    }

    @Test func `orders that come together meet as each would by itself`() {
        var seeds = SeededRandom("meetings of orders")
        for _ in 0..<300 {
            var random = SeededRandom(seed: seeds.next())
            let others = (0..<UInt64.random(in: 0..<6, using: &random)).map { Self.order(&random, $0) }
            let new = (100..<100 + UInt64.random(in: 1..<20, using: &random)).map { Self.order(&random, $0) }
            var bySubject: [EnforcementSubject: [EnforcementOrder]] = [:]
            for order in new {
                bySubject[EnforcementSubject(order)] = others.filter { Self.meets(order, $0) }
            }
            let meetings = EnforcementMeetings(new, among: bySubject)
            var fates: [EnforcementID: String] = [:]
            for order in meetings.superseded { fates[order.id] = "superseded" }
            for (order, other) in meetings.joined { fates[order.id] = "joined \(other)" }
            let expected = Self.plain(new, others)
            guard fates == expected, meetings.standing.map(\.id) == new.map(\.id).filter({ expected[$0] == nil }) else {
                Issue.record("seed \(random.seed): \(fates) instead of \(expected)")
                return
            }
        }
    }
}
