import Domain
import Postgres

extension NoticeSources {
    /// What was planned of an announcement and has not left stays here while it is paused, and for ever once it was cancelled.
    func verdict(onCampaign id: CampaignID, in tenant: TenantID) async throws(StorageFault) -> NoticeVerdict {
        try await verdict("SELECT state FROM campaigns WHERE tenant_id = $1 AND id = $2", [.id(tenant), .id(id)]) {
            row in
            let state: CampaignState = try row.choice("state")
            switch state {
            case .running, .completed: return .holds
            case .paused: return .waits("campaign_paused")
            case .draft, .cancelled: return .ended("campaign_cancelled")
            }
        }
    }
}
