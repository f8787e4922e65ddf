package import Notices

/// Whose account a provider is. The raw value is `notice_providers.kind`.
package enum CarrierKind: String, Sendable, Hashable, CaseIterable {
    case sendgrid, mailgun, postal, ses
    case twilio, vonage, kannel
    case fcm
    /// An incoming webhook of Slack.
    case webhook

    /// By which way it tells.
    package var channel: NoticeChannel {
        switch self {
        case .sendgrid, .mailgun, .postal, .ses: .email
        case .twilio, .vonage, .kannel: .sms
        case .fcm: .push
        case .webhook: .slack
        }
    }

    /// What must stand in the settings and what may.
    package var settings: (needed: [String], allowed: [String]) {
        let sender = ["from_name", "reply_to", "base_url"]
        return switch self {
        case .sendgrid: (["from"], sender)
        case .mailgun: (["from", "domain"], sender + ["region"])
        case .postal: (["from", "host"], sender)
        case .ses: (["from", "region"], sender + ["topic_arn"])
        case .twilio: (["account_sid"], ["from", "messaging_service_sid", "base_url", "receipts_url"])
        case .vonage: (["from"], ["base_url", "receipts_url"])
        case .kannel: (["url", "username", "from"], ["receipts_url"])
        case .fcm: (["project_id"], ["base_url", "token_url"])
        case .webhook: ([], [])
        }
    }

    /// What must stand in the secrets and what may.
    package var secrets: (needed: [String], allowed: [String]) {
        switch self {
        case .sendgrid, .mailgun, .postal: (["api_key"], ["webhook_key"])
        case .ses: (["access_key", "secret_key"], [])
        case .twilio: (["auth_token"], [])
        case .vonage: (["api_key", "api_secret"], ["signature_secret"])
        case .kannel: (["password"], ["receipts_token"])
        case .fcm: (["service_account"], [])
        case .webhook: (["url"], [])
        }
    }
}
