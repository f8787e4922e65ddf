import Crypto

extension HidingKeys {
    /// The octets on the wire of a clear value; throws when it is too long for the method.
    func hide(
        _ clear: [UInt8],
        _ method: HidingMethod,
        salt: UInt16
    ) throws(AttributeEncodingError.Problem) -> [UInt8] {
        let hidden: [UInt8]?
        switch method {
        case .none: return clear
        case .userPassword:
            hidden = UserPassword.encrypt(
                password: clear,
                requestAuthenticator: requestAuthenticator,
                secret: secret.context
            )
            guard let hidden else { throw .tooLong(UserPassword.maximumLength) }
            return hidden
        case .salted:
            hidden = SaltEncryption.encrypt(
                clear,
                salt: salt | 0x8000,
                requestAuthenticator: requestAuthenticator,
                secret: secret.context
            )
            guard let hidden else { throw .tooLong(SaltEncryption.maximumLength) }
            return hidden
        case .ascendSecret:
            guard clear.count <= 16 else { throw .tooLong(16) }
            return ascendMasked(clear + [UInt8](repeating: 0, count: 16 - clear.count))
        }
    }

    /// The clear value; nil when the octets cannot be such a value. Padding is cut off where the method tells no length;
    /// `length` brings back as much of it as a value of so many octets has.
    func reveal(_ hidden: [UInt8], _ method: HidingMethod, length: Int?) -> [UInt8]? {
        switch method {
        case .none: return hidden
        case .userPassword: return UserPassword.decrypt(hidden, self).flatMap { Self.padded($0, length) }
        case .salted:
            return SaltEncryption.decrypt(
                hidden,
                requestAuthenticator: requestAuthenticator,
                secret: secret.context
            )
        case .ascendSecret:
            guard hidden.count == 16 else { return nil }
            let masked = ascendMasked(hidden)
            return Self.padded(Array(masked[..<((masked.lastIndex { $0 != 0 } ?? -1) + 1)]), length)
        }
    }

    private static func padded(_ clear: [UInt8], _ length: Int?) -> [UInt8]? {
        guard let length else { return clear }
        return clear.count <= length ? clear + [UInt8](repeating: 0, count: length - clear.count) : nil
    }

    /// Ascend's own way, never published as an RFC: 16 octets under MD5(authenticator + secret).
    private func ascendMasked(_ octets: [UInt8]) -> [UInt8] {
        zip(octets, Digest.md5(requestAuthenticator + secret.bytes)).map { $0 ^ $1 }
    }
}

extension UserPassword {
    /// As the other `decrypt`, into an array.
    fileprivate static func decrypt(_ hidden: [UInt8], _ keys: HidingKeys) -> [UInt8]? {
        var clear = [UInt8](repeating: 0, count: hidden.count)
        // SAFETY: the three arrays are distinct and outlive the call.
        let length = unsafe clear.withUnsafeMutableBytes { clear in
            unsafe hidden.withUnsafeBytes { hidden in
                unsafe keys.requestAuthenticator.withUnsafeBytes { authenticator in
                    unsafe decrypt(
                        hidden: hidden,
                        requestAuthenticator: authenticator,
                        secret: keys.secret.context,
                        into: clear
                    )
                }
            }
        }
        return length.map { Array(clear[..<$0]) }
    }
}
