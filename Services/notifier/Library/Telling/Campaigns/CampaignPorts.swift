import Domain
import Persistence

/// Announcements, as who tells them sees them.
protocol CampaignStepping: Sendable {
    func due(at now: Timestamp, limit: Int) async throws(StorageFault) -> [CampaignRef]
    func standing() async throws(StorageFault) -> [CampaignState: Int]
    func step(
        _ ref: CampaignRef,
        at now: Timestamp,
        most: Int,
        plan: @Sendable (Campaign, CampaignRecipient) -> [PlannedNotice]
    ) async throws(StorageFault) -> CampaignStep?
}

extension CampaignSteps: CampaignStepping {}
