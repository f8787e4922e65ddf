import Crypto
package import Domain
import Synchronization
import WireFormat

/// A piece of work that an attempt to sign in must bring done, after failures: cheap for a person's one attempt, dear for a
/// guesser's thousands. The challenge of ALTCHA 1.0: find the number up to `maximum` for which SHA-256 of `salt` and the number
/// in decimal is `challenge`.
package struct LoginChallenge: Hashable, Sendable {
    /// SHA-256 in hex digits.
    package let challenge: String
    /// Random, with when it ends and for whom it is: `…?expires=SECONDS&for=…`.
    package let salt: String
    /// HMAC-SHA256 of `challenge` in hex digits.
    package let signature: String
    package let maximum: Int

    package static let algorithm = "SHA-256"
}

/// Sets challenges and takes their solutions, each once in this process.
package final class LoginChallenges: Sendable {
    private let hmac: HMACSHA256
    private let time: TimeSource
    private let maximum: Int
    private let lifetime: Duration
    private let capacity: Int
    /// Signatures of solutions that were taken, until their challenges end.
    private let spent = Mutex<[String: Timestamp]>([:])

    /// The key is the same in every gateway. A browser tries some hundred thousand numbers a second.
    package init(
        key: [UInt8],
        time: TimeSource,
        maximum: Int = 100_000,
        lifetime: Duration = .seconds(120),
        capacity: Int = 100_000
    ) {
        hmac = HMACSHA256(key: key)
        self.time = time
        self.maximum = maximum
        self.lifetime = lifetime
        self.capacity = capacity
    }

    /// A new challenge for attempts on that account, whether or not there is one.
    package func make(tenant: TenantID, email: String) -> LoginChallenge {
        let expires = (time.now() + lifetime).wholeSeconds
        let salt = "\(Hex.encode(Randomness.bytes(12)))?expires=\(expires)&for=\(account(tenant, email))"
        let challenge = Self.digest(salt, Int.random(in: 0...maximum))
        return LoginChallenge(challenge: challenge, salt: salt, signature: sign(challenge), maximum: maximum)
    }

    /// Whether that is the solution of a challenge that was set here for the account, has not ended and was not taken before.
    /// `solution` is Base64 of a JSON object with `algorithm`, `challenge`, `number`, `salt` and `signature`.
    package func accept(_ solution: String, tenant: TenantID, email: String) -> Bool {
        guard solution.utf8.count <= 1_000, let octets = Base64.decode(solution),
            let answer = try? Answer(octets), answer.algorithm == LoginChallenge.algorithm,
            constantTimeEquals(Array(sign(answer.challenge).utf8), Array(answer.signature.utf8)),
            Self.digest(answer.salt, answer.number) == answer.challenge,
            let end = end(of: answer.salt, account(tenant, email))
        else { return false }
        return spend(answer.signature, until: end)
    }

    private func spend(_ signature: String, until end: Timestamp) -> Bool {
        let now = time.now()
        guard now < end else { return false }
        return spent.withLock { spent in
            if spent.count >= capacity { spent = spent.filter { now < $0.value } }
            guard spent.count < capacity, spent[signature] == nil else { return false }
            spent[signature] = end
            return true
        }
    }

    /// When a challenge with that salt ends; nil where it was set for another account.
    private func end(of salt: String, _ account: String) -> Timestamp? {
        let parts = salt.split(separator: "?", maxSplits: 1)
        guard parts.count == 2 else { return nil }
        let pairs = parts[1].split(separator: "&")
        guard pairs.count == 2, pairs[0].hasPrefix("expires="), pairs[1] == "for=\(account)",
            let seconds = Int64(pairs[0].dropFirst(8)), (0...1 << 40).contains(seconds)
        else { return nil }
        return Timestamp(secondsSince1970: seconds)
    }

    private func account(_ tenant: TenantID, _ email: String) -> String {
        Hex.encode(Array(hmac.tag(Array("account:\(tenant):\(email.lowercased())".utf8)).prefix(8)))
    }

    private func sign(_ challenge: String) -> String { Hex.encode(hmac.tag(Array(challenge.utf8))) }

    private static func digest(_ salt: String, _ number: Int) -> String {
        Hex.encode(Digest.sha256(Array("\(salt)\(number)".utf8)))
    }

    private struct Answer {
        var algorithm = ""
        var challenge = ""
        var number = 0
        var salt = ""
        var signature = ""

        init(_ octets: [UInt8]) throws(JSONError) {
            var reader = JSONReader(octets)
            var answer = Self()
            try reader.readObject { reader, name throws(JSONError) in
                switch name {
                case "algorithm": answer.algorithm = try reader.readString()
                case "challenge": answer.challenge = try reader.readString()
                case "number": answer.number = Int(try reader.readInt64())
                case "salt": answer.salt = try reader.readString()
                case "signature": answer.signature = try reader.readString()
                default: try reader.skipValue()
                }
            }
            try reader.expectEnd()
            self = answer
        }

        private init() {}
    }
}
