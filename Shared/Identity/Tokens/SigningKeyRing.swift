package import Crypto
package import Domain
import WireFormat

/// The keys of an installation at work: which one signs, which are believed, what is published (IAM-12). Immutable: a gateway
/// makes a new one when it has read the stored keys again, at least once an hour.
package struct SigningKeyRing: Sendable {
    private let authority: TokenAuthority
    private let keys: [Key]

    /// A key with its term. What cannot be opened, as with another keyring, still checks signatures.
    package struct Key: Sendable {
        package let term: SigningKeyTerm
        package let publicKey: RSAPublicKey
        package let privateKey: RSAPrivateKey?

        package init(term: SigningKeyTerm, publicKey: RSAPublicKey, privateKey: RSAPrivateKey?) {
            self.term = term
            self.publicKey = publicKey
            self.privateKey = privateKey
        }

        /// A fresh key that signs from `notBefore` on, named by its thumbprint. Takes a tenth of a second or several.
        package static func make(notBefore: Timestamp) throws(CryptoError) -> Key {
            let key = try RSAPrivateKey.generate()
            let term = SigningKeyTerm(keyID: JSONWebKey.thumbprint(of: key.publicKey), notBefore: notBefore)
            return Key(term: term, publicKey: key.publicKey, privateKey: key)
        }

        /// The public half as JSON, for the table.
        package var publicJWK: String {
            var writer = JSONWriter()
            JSONWebKey(keyID: term.keyID, key: publicKey).encode(into: &writer)
            return String(decoding: writer.finish(), as: UTF8.self)
        }
    }

    package init(_ authority: TokenAuthority, keys: [Key]) {
        self.authority = authority
        self.keys = keys
    }

    /// What signs now; nil where no key may, or the one that should cannot be opened.
    package func signer(at now: Timestamp) -> AccessTokenSigner? {
        guard let term = SigningKeyTerm.signing(among: keys.map(\.term), at: now),
            let key = keys.first(where: { $0.term == term })?.privateKey
        else { return nil }
        return AccessTokenSigner(authority, keyID: term.keyID, key: key)
    }

    /// What reads tokens now.
    package func reader(at now: Timestamp) -> AccessTokenReader {
        AccessTokenReader(authority, keys: published(at: now))
    }

    /// The set that everyone may read: the key that signs, the one that will, and those whose tokens still live.
    package func jwks(at now: Timestamp) -> [UInt8] {
        JSONWebKey.set(published(at: now))
    }

    /// The ids of keys that are of no use any more.
    package func gone(at now: Timestamp) -> [String] {
        keys.map(\.term).filter { !isPublished($0, now) }.map(\.keyID)
    }

    /// When the next key must sign for the first time; nil while none is due.
    package func nextTerm(at now: Timestamp, every period: Duration) -> Timestamp? {
        SigningKeyTerm.nextTerm(among: keys.map(\.term), at: now, every: period)
    }

    private func published(at now: Timestamp) -> [JSONWebKey] {
        keys.filter { isPublished($0.term, now) }.map { JSONWebKey(keyID: $0.term.keyID, key: $0.publicKey) }
    }

    private func isPublished(_ term: SigningKeyTerm, _ now: Timestamp) -> Bool {
        term.isPublished(at: now, tokensLive: authority.lifetimes.access)
    }
}
