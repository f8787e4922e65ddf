package import Domain
package import HTTPClient
package import Notices

/// An account with a mail server. Any number of them share one client, its threads and its connections.
package final class SMTPProvider: NoticeProvider {
    private let settings: MailSettings
    private let client: MailClient
    private let now: @Sendable () -> Timestamp

    /// Throws everything that is wrong with the settings and secrets. One that may be anywhere is spoken to at addresses, too, that the
    /// client's `reaches` refuses.
    package init(
        settings: [String: String],
        secrets: [String: String],
        mayBeAnywhere: Bool = false,
        client: MailClient,
        now: @escaping @Sendable () -> Timestamp
    ) throws(ProviderSettingsError) {
        do throws(ValidationError) {
            var checked = try MailSettings.check(settings, secrets: secrets)
            checked.server.mayBeAnywhere = mayBeAnywhere
            self.settings = checked
        } catch {
            throw ProviderSettingsError(error)
        }
        self.client = client
        self.now = now
    }

    /// Composes, signs and hands over one message. What its outcome means is said at `MailOutcome`.
    package func send(_ message: OutgoingMessage, within limit: Duration) async -> SendOutcome {
        guard let recipient = MailAddress(message.address) else {
            return .refused(reason: "invalid_address", detail: "no address that SMTP knows")
        }
        let instant = now()
        var mail = MailMessage(message, to: recipient, from: settings.sender, at: instant)
        if let signer = settings.dkim {
            do {
                mail = try signer.sign(mail, at: instant)
            } catch {
                return .outage(reason: "dkim_failed", detail: nil, after: nil)
            }
        }
        let request = MailRequest(
            to: settings.server,
            sender: settings.sender.address.text,
            recipient: recipient.text,
            octets: mail.octets,
            within: limit
        )
        return MailOutcome.of(await client.send(request), messageID: mail.messageID)
    }

    /// Holds nothing of its own: the client is its owner's to shut down.
    package func close() async {}
}
