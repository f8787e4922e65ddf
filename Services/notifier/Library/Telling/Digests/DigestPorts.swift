import Domain
import Notices
import Persistence

/// Alarms that are held, as who makes digests of them sees them.
protocol NoticeGathering: Sendable {
    func groups(after key: HeldGroup.Key, limit: Int, rest: Duration, at now: Timestamp) async throws(StorageFault)
        -> [HeldGroup]
    func tell(
        _ key: HeldGroup.Key,
        rest: Duration,
        at now: Timestamp,
        validity: Duration,
        decide: @Sendable (HeldGroup) -> Gathering.Decision
    ) async throws(StorageFault) -> GatheringResult
}

extension NoticeGatherings: NoticeGathering {}

/// How much people were told lately, as who plans sees it.
protocol NoticeBudgeting: Sendable {
    func loads(_ asked: [(tenant: TenantID, recipient: UUID128, channel: String)], at now: Timestamp)
        async throws(StorageFault) -> [(told: Int, waits: Bool)]
}

extension NoticeGatherings: NoticeBudgeting {}
