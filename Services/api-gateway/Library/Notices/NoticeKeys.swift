package import Crypto
package import Persistence

/// What the notices' desk seals and signs with.
package struct NoticeKeys: Sendable {
    package let secrets: NoticeSecrets
    package let unsubscribing: UnsubscribeTokens

    package init(_ keyring: Keyring) {
        secrets = NoticeSecrets(keyring)
        unsubscribing = UnsubscribeTokens(keyring)
    }
}
