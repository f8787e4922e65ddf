package import Domain

/// Words as somebody wrote them, not yet about anybody.
package struct NoticeTemplate: Sendable, Hashable {
    package var subject: String?
    package var text: String
    /// Of e-mail.
    package var html: String?

    package init(subject: String?, text: String, html: String?) {
        self.subject = subject
        self.text = text
        self.html = html
    }
}

/// What a message says, in its recipient's language.
package struct RenderedNotice: Sendable, Hashable {
    package var subject: String?
    package var text: String
    package var html: String?

    package init(subject: String?, text: String, html: String?) {
        self.subject = subject
        self.text = text
        self.html = html
    }
}

/// Everything about a recipient and his tenant that words depend on.
package struct NoticeSetting: Sendable {
    package var language: String
    package var zone: TimeZoneRules?
    package var branding: Branding
    package var tenantName: String
    package var recipientName: String?
    package var unsubscribeURL: String?
    package var preferencesURL: String?
    package var now: Timestamp

    package init(language: String, zone: TimeZoneRules?, branding: Branding, tenantName: String, now: Timestamp) {
        self.language = language
        self.zone = zone
        self.branding = branding
        self.tenantName = tenantName
        self.now = now
    }
}
