/// How new password digests are made.
package enum PasswordScheme: Hashable, Sendable {
    /// 2^cost rounds; 10 to 15 where people wait for it, 4 in tests.
    case bcrypt(cost: Int)
    /// RFC 9106: memory in KiB, passes over it, lanes.
    case argon2id(memoryKiB: Int, passes: Int, lanes: Int)

    /// bcrypt of cost 12 (IAM-01).
    package static let standard = PasswordScheme.bcrypt(cost: 12)
    /// What OWASP recommends for argon2id at least.
    package static let argon2id = PasswordScheme.argon2id(memoryKiB: 19_456, passes: 2, lanes: 1)

    /// Whether the libraries take these numbers, and whether anybody would wait for the result.
    package var isSound: Bool {
        switch self {
        case .bcrypt(let cost): (4...16).contains(cost)
        case .argon2id(let memory, let passes, let lanes):
            (8...262_144).contains(memory) && (1...16).contains(passes) && (1...8).contains(lanes)
                && memory >= 8 * lanes
        }
    }
}

/// Why a password was not digested or checked. Holds nothing of the password.
package enum PasswordError: Error, Hashable, Sendable {
    /// The threads have no room, altogether or for that source: nothing was checked.
    case busy
    /// Empty, longer than 72 octets, or with a NUL.
    case unusable
    /// The library refused, as when memory is short.
    case failed
    /// The threads are stopped.
    case closed
}
