/// Why the keyring, or a value sealed with it, cannot be used. Never holds a key, a clear text or a sealed value.
package enum KeyringError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A keyring is there already; it is never overwritten, for without its keys every sealed value is lost.
    case exists(path: String)
    /// The file cannot be opened or read; the number is the system's `errno`.
    case unreadable(path: String, errno: Int32)
    /// The file cannot be written; the number is the system's `errno`.
    case unwritable(path: String, errno: Int32)
    /// Others than the owner may read or change the file.
    case tooPermissive(path: String, mode: UInt32)
    /// The file is no keyring; the line is the first that cannot be understood.
    case malformed(path: String, line: Int)
    /// The value was sealed with a key that this keyring does not hold.
    case unknownKey(id: UInt32)
    /// The value is too short or of another version.
    case notSealed
    /// The value was changed, or it was sealed for another place.
    case notAuthentic(key: UInt32)
    /// The cryptographic library failed.
    case cryptography(CryptoError)

    /// What happened and what to do about it.
    package var description: String {
        switch self {
        case .exists(let path):
            "a keyring exists at \(path) and is never overwritten; move it away if you mean to lose what it sealed"
        case .unreadable(let path, let errno): "the keyring \(path) cannot be read (errno \(errno))"
        case .unwritable(let path, let errno): "the keyring \(path) cannot be written (errno \(errno))"
        case .tooPermissive(let path, let mode):
            "the keyring \(path) has mode \(String(mode, radix: 8)); run: chmod 600 \(path)"
        case .malformed(let path, let line): "the keyring \(path) cannot be understood at line \(line)"
        case .unknownKey(let id): "a value was sealed with key \(Keyring.name(of: id)), which the keyring does not hold"
        case .notSealed: "a value that should be sealed is not"
        case .notAuthentic(let id):
            "a value sealed with key \(Keyring.name(of: id)) was changed or belongs to another place"
        case .cryptography(let error): "the cryptographic library failed: \(error)"
        }
    }
}
