import Concurrency
package import Crypto
package import Domain
package import Persistence
import Synchronization

/// The stored keys of an installation, as this gateway read them last, made and rotated as they fall due (IAM-12).
package final class SigningKeys: Sendable {
    private let database: TenantPool
    private let secrets: IdentitySecrets
    private let authority: TokenAuthority
    private let period: Duration
    private let time: TimeSource
    /// Where keys are made: that takes a tenth of a second or several.
    private let maker = WorkerPool(name: "signing-keys", threads: 1)
    private let state: Mutex<State>

    private struct State: Sendable {
        var ring: SigningKeyRing
        var reader: AccessTokenReader
        var readerMadeAt: Timestamp
        var loadedAt: Timestamp?
        /// Tokens that the reader found to hold, by their digests: a signature costs more than the rest of a request.
        var verified: [[UInt8]: AccessToken] = [:]

        /// Once a minute: keys come to be believed, and cease to be.
        mutating func renewReader(at now: Timestamp) {
            guard now >= readerMadeAt + .seconds(60) || now < readerMadeAt else { return }
            (reader, readerMadeAt, verified) = (ring.reader(at: now), now, [:])
        }
    }

    private static let mostVerified = 20_000

    /// Knows no key before ``refresh()``. Each signs for `period`.
    package init(
        _ database: TenantPool,
        _ secrets: IdentitySecrets,
        _ authority: TokenAuthority,
        period: Duration,
        time: TimeSource
    ) {
        self.database = database
        self.secrets = secrets
        self.authority = authority
        self.period = period
        self.time = time
        let ring = SigningKeyRing(authority, keys: [])
        let now = time.now()
        state = Mutex(State(ring: ring, reader: ring.reader(at: now), readerMadeAt: now))
    }

    deinit { maker.shutdown() }

    /// Reads the stored keys, and makes the next where one is due: of several gateways at once one makes it and the others
    /// read it. Needs an operator at the root of the tree.
    package func refresh() async throws {
        let root = try await database.operatorTenant()
        var ring = try await database.transaction(in: root) { try await load($0) }
        if ring.nextTerm(at: time.now(), every: period) != nil {
            ring = try await database.transaction(in: root) { transaction in
                let repository = SigningKeyRepository(transaction)
                try await repository.lockForRotation()
                let ring = try await load(transaction)
                let now = time.now()
                guard let term = ring.nextTerm(at: now, every: period) else { return ring }
                let key = try await maker.run { try SigningKeyRing.Key.make(notBefore: term) }
                guard let pem = try key.privateKey?.pem() else { return ring }
                let stored = StoredSigningKey(
                    term: key.term,
                    sealedPrivateKey: try secrets.seal(signingKey: pem, keyID: key.term.keyID),
                    publicJWK: key.publicJWK
                )
                try await repository.insert(stored, forgetting: ring.gone(at: now))
                return try await load(transaction)
            }
        }
        let now = time.now()
        state.withLock { [ring] in
            $0 = State(ring: ring, reader: ring.reader(at: now), readerMadeAt: now, loadedAt: now)
        }
    }

    /// What signs now; nil where no key may, or the one that should cannot be opened.
    package func signer() -> AccessTokenSigner? {
        state.withLock { $0.ring }.signer(at: time.now())
    }

    /// What reads tokens now. A key whose time is over is believed for a minute longer at most.
    package func reader() -> AccessTokenReader {
        let now = time.now()
        return state.withLock { state in
            state.renewReader(at: now)
            return state.reader
        }
    }

    /// The token, when it holds in every respect by the keys that are believed now. Within a minute it is not verified again.
    package func read(_ text: String) throws(JWTError) -> AccessToken {
        guard text.utf8.count <= JWT.maximumLength else { throw .tooLong }
        let digest = Digest.sha256(Array(text.utf8))
        let now = time.now()
        let (reader, madeAt, known) = state.withLock { state in
            state.renewReader(at: now)
            return (state.reader, state.readerMadeAt, state.verified[digest])
        }
        if let known, known.issuedAt <= now, now < known.expiresAt { return known }
        let token = try reader.read(text, at: now)
        state.withLock { state in
            // Not where others are believed by now.
            guard state.readerMadeAt == madeAt else { return }
            if state.verified.count >= Self.mostVerified { state.verified = [:] }
            state.verified[digest] = token
        }
        return token
    }

    /// The token where that very one was verified within the last minute, and its time is not over.
    func recognise(_ text: String) -> AccessToken? {
        guard text.utf8.count <= JWT.maximumLength else { return nil }
        let digest = Digest.sha256(Array(text.utf8))
        let now = time.now()
        let known = state.withLock { state in
            state.renewReader(at: now)
            return state.verified[digest]
        }
        guard let known, known.issuedAt <= now, now < known.expiresAt else { return nil }
        return known
    }

    /// The set that everyone may read.
    package func jwks() -> [UInt8] {
        state.withLock { $0.ring }.jwks(at: time.now())
    }

    /// Whether the keys were not read for so long that one of them may be unknown here; true at most twice a minute, whoever
    /// shows tokens with made-up keys.
    func mayHaveMissedOne() -> Bool {
        let now = time.now()
        return state.withLock { state in
            if let loadedAt = state.loadedAt, now >= loadedAt, now < loadedAt + .seconds(30) { return false }
            state.loadedAt = now
            return true
        }
    }

    private func load(_ transaction: ScopedTransaction) async throws -> SigningKeyRing {
        let keys = try await SigningKeyRepository(transaction).all().map { stored in
            let published = try JSONWebKey(json: Array(stored.publicJWK.utf8))
            let pem = try? secrets.open(signingKey: stored.sealedPrivateKey, keyID: stored.term.keyID)
            return SigningKeyRing.Key(
                term: stored.term,
                publicKey: published.key,
                privateKey: pem.flatMap { try? RSAPrivateKey(pem: $0) }
            )
        }
        return SigningKeyRing(authority, keys: keys)
    }
}
