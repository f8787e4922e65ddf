/// How a code that stands in for an authenticator goes out.
package enum CodeWay: String, Hashable, Sendable, CaseIterable {
    case email, sms
}

/// A code of six digits that was sent as a second factor (table login_codes; IAM-09). Only its keyed digest, and until it is delivered
/// its sealed text, are stored.
package struct LoginCode: Hashable, Sendable {
    package enum Purpose: String, Hashable, Sendable, CaseIterable {
        case signIn = "sign_in"
        /// Shows that what is sent there arrives.
        case enrol
    }

    /// What a code that was shown is worth.
    package enum Verdict: Hashable, Sendable {
        case accepted
        /// Another one; it is counted.
        case wrong
        /// Used, replaced, too old, guessed at too often, or of another login: whatever was shown is not looked at.
        case over
    }

    /// How long a code works, and how often somebody may be wrong about it.
    package static let lifetime: Duration = .seconds(600)
    package static let mostFailures = 5

    package var tenantID: TenantID
    package var id: LoginCodeID
    package var userID: UserID
    package var purpose: Purpose
    package var way: CodeWay
    /// Where it goes.
    package var address: String
    /// The login it was asked for in; nil at an enrolment.
    package var pendingID: UUID128?
    package var createdAt: Timestamp
    package var expiresAt: Timestamp
    package var failures: Int
    package var usedAt: Timestamp?
    package var replacedAt: Timestamp?

    package init(
        tenantID: TenantID,
        id: LoginCodeID,
        userID: UserID,
        purpose: Purpose,
        way: CodeWay,
        address: String,
        pendingID: UUID128?,
        createdAt: Timestamp,
        expiresAt: Timestamp? = nil
    ) {
        (self.tenantID, self.id, self.userID) = (tenantID, id, userID)
        (self.purpose, self.way, self.address, self.pendingID) = (purpose, way, address, pendingID)
        self.createdAt = createdAt
        self.expiresAt = expiresAt ?? createdAt + Self.lifetime
        failures = 0
    }

    /// Whether a right code would be taken.
    package func isOpen(at now: Timestamp) -> Bool {
        usedAt == nil && replacedAt == nil && failures < Self.mostFailures && now < expiresAt
    }

    /// Somebody shows a code in that login. Of all that are shown one is accepted at most; the fifth wrong one ends it.
    package mutating func show(isRight: Bool, in pending: UUID128?, at now: Timestamp) -> Verdict {
        guard isOpen(at: now), pending == pendingID else { return .over }
        guard !isRight else {
            usedAt = now
            return .accepted
        }
        failures += 1
        if failures >= Self.mostFailures { replacedAt = now }
        return .wrong
    }
}

/// How often codes are sent: what an SMS costs, and a mailbox bears.
package struct CodeLimits: Hashable, Sendable {
    /// One within that time, and so many within an hour: to one person, and to one address whoever asks.
    package var interval: Duration
    package var perHour: Int

    package init(interval: Duration = .seconds(30), perHour: Int = 5) {
        self.interval = interval
        self.perHour = perHour
    }

    /// Whether one more may go, after so many in the last hour, the newest of them then.
    package func allows(sent count: Int, last: Timestamp?, at now: Timestamp) -> Bool {
        count < perHour && (last.map { $0 + interval <= now } ?? true)
    }
}

/// A telephone number as networks write it (E.164).
package enum TelephoneNumber {
    /// `+49 170 123-45 67` is `+491701234567`; nil for what is no number with its country's code.
    package static func international(_ text: String) -> String? {
        let plain = text.filter { !" -./()".contains($0) }
        let digits = plain.dropFirst()
        guard plain.hasPrefix("+"), (7...15).contains(digits.utf8.count),
            digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), !digits.hasPrefix("0")
        else { return nil }
        return plain
    }

    /// As it is shown to who may know it already: its country and its end.
    package static func masked(_ number: String) -> String {
        "\(number.prefix(3))•••\(number.suffix(2))"
    }
}
