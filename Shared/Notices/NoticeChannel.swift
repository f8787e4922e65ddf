/// By which way somebody is told.
package enum NoticeChannel: String, Sendable, Hashable, CaseIterable {
    case email, sms, push, slack
    /// Within the pages: it has no provider.
    case inApp = "in_app"
}
