/// The keys that seal secrets kept in the database: NAS secrets and subscribers' passwords.
///
/// A sealed value is: version (1), key id (4 octets), nonce (12), cipher text, tag (16), under AES-256-GCM. The file
/// that holds the keys lives outside the database, readable by its owner only:
///
///     nexora-keyring 1
///     key 5c1f9a02 8f0c…64 hexadecimal digits…
///     key 91d47be3 02aa…
///     active 91d47be3
///
/// New values are sealed with the active key; older ones open as long as their key stays in the file.
package struct Keyring: Sendable, CustomStringConvertible {
    private static let version: UInt8 = 1
    private static let headerLength = 5
    private static let overhead = headerLength + AESGCM.nonceLength + AESGCM.tagLength

    private let keys: [UInt32: [UInt8]]
    /// The key that seals new values.
    package let activeKeyID: UInt32

    /// Reads the file, which must be its owner's only.
    package init(path: String) throws(KeyringError) {
        let contents = try KeyringFile.read(path)
        self = try Keyring(parsing: contents, path: path)
    }

    /// Makes a file with one fresh key, mode 0600; never overwrites one.
    package static func create(at path: String) throws(KeyringError) {
        let keyring = ephemeral()
        try KeyringFile.writeNew(keyring.fileContents, to: path)
    }

    /// Adds a fresh key to the file and makes it the active one; the file is replaced in one step. Returns the new keyring.
    package static func rotate(at path: String) throws(KeyringError) -> Keyring {
        try KeyringFile.replace(path) { (contents) throws(KeyringError) in
            let old = try Keyring(parsing: contents, path: path)
            var id = freshID()
            while old.keys[id] != nil { id = freshID() }
            var keys = old.keys
            keys[id] = Randomness.bytes(AESGCM.keyLength)
            let rotated = Keyring(keys: keys, activeKeyID: id)
            return (rotated.fileContents, rotated)
        }
    }

    /// A keyring with one fresh key that is written nowhere.
    package static func ephemeral() -> Keyring {
        let id = freshID()
        return Keyring(keys: [id: Randomness.bytes(AESGCM.keyLength)], activeKeyID: id)
    }

    /// The ids of all keys in ascending order.
    package var keyIDs: [UInt32] { keys.keys.sorted() }

    /// Names the keys by id and never shows them.
    package var description: String { "keyring with \(keys.count) key(s), active \(Self.name(of: activeKeyID))" }

    /// Seals `clear` with the active key for `place`; the same text never seals the same twice.
    package func seal(_ clear: [UInt8], for place: SealedPlace) throws(KeyringError) -> [UInt8] {
        guard let key = keys[activeKeyID] else { throw .unknownKey(id: activeKeyID) }
        let header = Self.header(activeKeyID)
        let nonce = Randomness.bytes(AESGCM.nonceLength)
        do throws(CryptoError) {
            return try header + nonce + AESGCM.seal(clear, key: key, nonce: nonce, data: header + place.associatedData)
        } catch {
            throw .cryptography(error)
        }
    }

    /// Opens what was sealed for `place` with any key of the ring.
    package func open(_ sealed: [UInt8], for place: SealedPlace) throws(KeyringError) -> [UInt8] {
        guard let id = Self.keyID(of: sealed) else { throw .notSealed }
        guard let key = keys[id] else { throw .unknownKey(id: id) }
        let nonceEnd = Self.headerLength + AESGCM.nonceLength
        let nonce = Array(sealed[Self.headerLength..<nonceEnd])
        let data = sealed[..<Self.headerLength] + place.associatedData
        let clear: [UInt8]?
        do throws(CryptoError) {
            clear = try AESGCM.open(sealed[nonceEnd...], key: key, nonce: nonce, data: Array(data))
        } catch {
            throw .cryptography(error)
        }
        guard let clear else { throw .notAuthentic(key: id) }
        return clear
    }

    /// The id of the key that sealed a value; nil when the value is none of ours. What was not sealed with the active key
    /// is due for sealing again after a rotation.
    package static func keyID(of sealed: [UInt8]) -> UInt32? {
        guard sealed.count >= overhead, sealed[0] == version else { return nil }
        return sealed[1..<5].reduce(0) { $0 << 8 | UInt32($1) }
    }

    // MARK: - Internals

    private init(keys: [UInt32: [UInt8]], activeKeyID: UInt32) {
        self.keys = keys
        self.activeKeyID = activeKeyID
    }

    /// The key of that id, for what is derived from it.
    func key(_ id: UInt32) -> [UInt8]? { keys[id] }

    static func name(of id: UInt32) -> String {
        let digits = String(id, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }

    private static func freshID() -> UInt32 {
        Randomness.bytes(4).reduce(0) { $0 << 8 | UInt32($1) }
    }

    private static func header(_ id: UInt32) -> [UInt8] {
        [version] + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: id >> $0) }
    }
}

// MARK: - File contents

extension Keyring {
    private static let title = "nexora-keyring 1"

    private var fileContents: String {
        let lines = keys.sorted { $0.key < $1.key }.map { id, key in
            "key \(Self.name(of: id)) "
                + key.map { octet in (octet < 16 ? "0" : "") + String(octet, radix: 16) }.joined()
        }
        return ([Self.title] + lines + ["active \(Self.name(of: activeKeyID))", ""]).joined(separator: "\n")
    }

    private init(parsing contents: String, path: String) throws(KeyringError) {
        var keys: [UInt32: [UInt8]] = [:]
        var active: UInt32?
        var last = 1
        for (index, line) in contents.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let error = KeyringError.malformed(path: path, line: index + 1)
            if index == 0 {
                guard line == Self.title else { throw error }
                continue
            }
            let words = line.split(separator: " ")
            guard let keyword = words.first, !keyword.hasPrefix("#") else { continue }
            last = index + 1
            guard words.count >= 2, words[1].count == 8, let id = UInt32(words[1], radix: 16) else { throw error }
            switch (keyword, words.count) {
            case ("key", 3):
                guard keys[id] == nil, let key = Self.octets(words[2]) else { throw error }
                keys[id] = key
            case ("active", 2):
                guard active == nil else { throw error }
                active = id
            default: throw error
            }
        }
        guard let active, keys[active] != nil else { throw .malformed(path: path, line: last) }
        self.init(keys: keys, activeKeyID: active)
    }

    private static func octets(_ digits: Substring) -> [UInt8]? {
        let nibbles = digits.compactMap(\.hexDigitValue)
        guard nibbles.count == 2 * AESGCM.keyLength, digits.count == nibbles.count else { return nil }
        return stride(from: 0, to: nibbles.count, by: 2).map { UInt8(nibbles[$0] << 4 | nibbles[$0 + 1]) }
    }
}
