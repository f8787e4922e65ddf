import Domain
import Notices
import Persistence

/// Which notices a customer gets of an announcement, without a clock or a database.
enum CampaignPlanning {
    /// None where the tenant's rule is off, he refuses news, or none of its ways leads to him. He is told in his language where it has a
    /// text in it, and all that is said around it is in that language too.
    static func rows(
        _ campaign: Campaign,
        to recipient: CampaignRecipient,
        zone: TimeZoneRules?,
        at now: Timestamp
    ) -> [PlannedNotice] {
        var addressee = recipient.addressee
        guard let words = campaign.words(for: addressee.language) else { return [] }
        addressee.language = words.language
        if let channels = campaign.channels { addressee.ruleChannels = channels }
        var facts: NoticeFacts = ["title": .text(words.text.title), "body": .text(words.text.body)]
        if let url = campaign.url { facts["url"] = .url(url) }
        let intent = NoticeIntent(
            tenantID: campaign.tenantID,
            cause: "campaign:\(campaign.id)",
            kind: .announcement,
            recipient: .customer(recipient.id),
            facts: facts,
            subject: .campaign(campaign.id),
            expiresAt: now + NoticeKind.announcement.terms.validity
        )
        return NoticePlanner.rows(intent, to: addressee, zone: zone, at: now).map { row in
            var row = row
            row.campaignID = campaign.id
            return row
        }
    }
}
