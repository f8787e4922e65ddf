/// When a key that signs access tokens is in use (table signing_keys; IAM-12). The key itself is the adapters' business.
package struct SigningKeyTerm: Hashable, Sendable {
    /// Names the key in a token's header and in the published set.
    package var keyID: String
    /// It is published before and signs from then on, so that whoever keeps the set for a while knows it by then.
    package var notBefore: Timestamp
    /// It signs nothing from then on; what it signed stays valid for its time. Nil while no other replaced it.
    package var retiredAt: Timestamp?

    package init(keyID: String, notBefore: Timestamp, retiredAt: Timestamp? = nil) {
        self.keyID = keyID
        self.notBefore = notBefore
        self.retiredAt = retiredAt
    }

    /// How long before its first signature a key is published.
    package static let announcement: Duration = .seconds(3600)

    package func maySign(at now: Timestamp) -> Bool {
        notBefore <= now && retiredAt.map { now < $0 } ?? true
    }

    /// Whether signatures of the key are believed: until the last token that it can have signed is over.
    package func isPublished(at now: Timestamp, tokensLive lifetime: Duration) -> Bool {
        retiredAt.map { now < $0 + lifetime + .seconds(300) } ?? true
    }

    /// The key that signs now: the newest that may. Nil when none may.
    package static func signing(among terms: [SigningKeyTerm], at now: Timestamp) -> SigningKeyTerm? {
        terms.filter { $0.maySign(at: now) }.max { ($0.notBefore, $0.keyID) < ($1.notBefore, $1.keyID) }
    }

    /// When the next key is to sign for the first time; nil while nothing is due. At once where no key is there at all.
    package static func nextTerm(among terms: [SigningKeyTerm], at now: Timestamp, every period: Duration) -> Timestamp?
    {
        guard let newest = terms.filter({ $0.retiredAt == nil }).map(\.notBefore).max() else { return now }
        let due = newest + period
        guard now + announcement >= due else { return nil }
        return max(due, now + announcement)
    }
}
