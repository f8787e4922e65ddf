import CArgon2
import CCrypt
import Glibc

/// A stored password: text that says how it was made, with which salt, and what came out.
package struct PasswordDigest: Hashable, Sendable, CustomStringConvertible {
    /// In modular crypt form (`$2b$12$…`) or PHC form (`$argon2id$v=19$m=19456,t=2,p=1$…`).
    package let text: String
    /// How it was made.
    package let scheme: PasswordScheme

    /// Most octets of a password that count in both schemes.
    package static let maximumOctets = 72

    /// Reads a stored digest; nil for a scheme that is not ours, or with numbers that nobody would wait for.
    package init?(_ text: String) {
        guard text.utf8.count <= 256, !text.utf8.contains(0), let scheme = Self.scheme(of: text), scheme.isSound else {
            return nil
        }
        self.text = text
        self.scheme = scheme
    }

    /// Never the digest: who has it can guess at leisure.
    package var description: String { "<password digest>" }

    private static func scheme(of text: String) -> PasswordScheme? {
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count >= 2, parts[0].isEmpty else { return nil }
        switch parts[1] {
        // 2a and 2y are what other programs wrote for the same since 2011.
        case "2a", "2b", "2y":
            guard parts.count == 4, parts[2].utf8.count == 2, parts[3].utf8.count == 53, let cost = Int(parts[2]) else {
                return nil
            }
            return .bcrypt(cost: cost)
        case "argon2id":
            guard parts.count == 6, parts[2] == "v=19" else { return nil }
            let numbers = parts[3].split(separator: ",").map { $0.split(separator: "=") }
            guard numbers.count == 3, numbers.allSatisfy({ $0.count == 2 }), numbers.map(\.[0]) == ["m", "t", "p"],
                let memory = Int(numbers[0][1]), let passes = Int(numbers[1][1]), let lanes = Int(numbers[2][1])
            else { return nil }
            return .argon2id(memoryKiB: memory, passes: passes, lanes: lanes)
        default: return nil
        }
    }

    /// Whether a password may be digested at all.
    package static func isUsable(_ password: [UInt8]) -> Bool {
        (1...maximumOctets).contains(password.count) && !password.contains(0)
    }

    // MARK: - Blocking

    /// The digest of a password with a fresh salt. Blocks for as long as the scheme takes: for threads of one's own.
    static func make(_ password: [UInt8], _ scheme: PasswordScheme) throws(PasswordError) -> PasswordDigest {
        guard isUsable(password), scheme.isSound else { throw .unusable }
        let text: String?
        switch scheme {
        case .bcrypt(let cost): text = setting(cost: cost).flatMap { crypt(password, $0) }
        case .argon2id(let memory, let passes, let lanes):
            text = argon2id(password, memory: UInt32(memory), passes: UInt32(passes), lanes: UInt32(lanes))
        }
        guard let text, let digest = PasswordDigest(text) else { throw .failed }
        return digest
    }

    /// Whether it is the digest of that password. Blocks likewise; a password that none can be the digest of costs the same.
    func matches(_ password: [UInt8]) -> Bool {
        let isUsable = Self.isUsable(password)
        let tried = isUsable ? password : [UInt8(ascii: "-")]
        let matches: Bool
        switch scheme {
        case .bcrypt: matches = Self.crypt(tried, text).map { Self.equal($0, text) } ?? false
        case .argon2id: matches = unsafe argon2id_verify(text, tried, tried.count) == ARGON2_OK.rawValue
        }
        return matches && isUsable
    }

    /// Without a difference in time between the first octet and the last.
    private static func equal(_ left: String, _ right: String) -> Bool {
        let (left, right) = (Array(left.utf8), Array(right.utf8))
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private static func setting(cost: Int) -> String? {
        let salt = randomOctets(16)
        var text = [CChar](repeating: 0, count: Int(CRYPT_GENSALT_OUTPUT_SIZE))
        let octets = salt.map { CChar(bitPattern: $0) }
        guard unsafe crypt_gensalt_rn("$2b$", UInt(cost), octets, Int32(octets.count), &text, Int32(text.count)) != nil
        else { return nil }
        return string(text)
    }

    /// libxcrypt's own memory is 32 KiB, wants to begin as zeros, and holds the password's remains at the end.
    private static func crypt(_ password: [UInt8], _ setting: String) -> String? {
        let phrase = (password + [0]).map { CChar(bitPattern: $0) }
        let data = UnsafeMutablePointer<crypt_data>.allocate(capacity: 1)
        unsafe data.initialize(to: crypt_data())
        defer {
            unsafe explicit_bzero(data, MemoryLayout<crypt_data>.size)
            unsafe data.deallocate()
        }
        guard let made = unsafe crypt_rn(phrase, setting, data, Int32(MemoryLayout<crypt_data>.size)) else {
            return nil
        }
        return unsafe String(cString: made)
    }

    private static func argon2id(_ password: [UInt8], memory: UInt32, passes: UInt32, lanes: UInt32) -> String? {
        let salt = randomOctets(16)
        var text = [CChar](repeating: 0, count: 256)
        let status = unsafe argon2id_hash_encoded(
            passes,
            memory,
            lanes,
            password,
            password.count,
            salt,
            salt.count,
            32,
            &text,
            text.count
        )
        return status == ARGON2_OK.rawValue ? string(text) : nil
    }

    private static func randomOctets(_ count: Int) -> [UInt8] {
        var octets = [UInt8](repeating: 0, count: count)
        unsafe arc4random_buf(&octets, count)
        return octets
    }

    private static func string(_ text: [CChar]) -> String {
        String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
