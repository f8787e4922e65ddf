package import Crypto

/// Checks of who wrote a packet. None allocates, copies or changes the packet; all compare in constant time.
package enum Authenticity {
    /// Sixteen zeros that stand in for a field while a code over the packet is computed.
    private static let zeros: StaticString = "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"

    private static var zeroField: UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(start: zeros.utf8Start, count: 16)
    }

    /// True when the request carries a Message-Authenticator and it is right (RFC 3579 §3.2): over the packet's own
    /// authenticator for Access-Request and Status-Server, over zeros in its place for accounting, CoA and Disconnect
    /// requests. False when there is none: whether that is allowed is the caller's policy.
    package static func verifyMessageAuthenticator(packet: PacketView, secret: borrowing SecretContext) -> Bool {
        let authenticator =
            unsafe packet.knownCode?.hasComputedRequestAuthenticator == true ? zeroField : packet.authenticator
        return unsafe verifyMessageAuthenticator(packet, over: authenticator, secret: secret)
    }

    /// True when the Request Authenticator of an accounting, CoA or Disconnect request is
    /// MD5(code + identifier + length + 16 zeros + attributes + secret) (RFC 2866 §3, RFC 5176 §2.3).
    package static func verifyAccountingAuthenticator(
        packet: PacketView,
        secret: borrowing SecretContext
    ) -> Bool {
        unsafe verifyAuthenticator(packet, over: zeroField, secret: secret)
    }

    /// True when a reply answers the request that carried `requestAuthenticator`: its Response Authenticator is right
    /// (RFC 2865 §3) and so is its Message-Authenticator, which must be present if `requireMessageAuthenticator`.
    package static func verifyResponse(
        packet: PacketView,
        requestAuthenticator: UnsafeRawBufferPointer,
        secret: borrowing SecretContext,
        requireMessageAuthenticator: Bool
    ) -> Bool {
        guard requestAuthenticator.count == 16 else { return false }
        if packet.messageAuthenticatorOffset == nil {
            guard !requireMessageAuthenticator else { return false }
        } else if unsafe !verifyMessageAuthenticator(packet, over: requestAuthenticator, secret: secret) {
            return false
        }
        return unsafe verifyAuthenticator(packet, over: requestAuthenticator, secret: secret)
    }

    // MARK: - Internals

    private static func verifyMessageAuthenticator(
        _ packet: PacketView,
        over authenticator: UnsafeRawBufferPointer,
        secret: borrowing SecretContext
    ) -> Bool {
        guard let offset = packet.messageAuthenticatorOffset else { return false }
        let bytes = unsafe packet.bytes
        var code = secret.beginHMAC()
        unsafe code.update(UnsafeRawBufferPointer(rebasing: bytes[0..<4]))
        unsafe code.update(authenticator)
        unsafe code.update(UnsafeRawBufferPointer(rebasing: bytes[20..<offset]))
        unsafe code.update(zeroField)
        unsafe code.update(UnsafeRawBufferPointer(rebasing: bytes[(offset + 16)...]))
        var expected = InlineArray<16, UInt8>(repeating: 0)
        return unsafe withUnsafeMutableBytes(of: &expected) { expected in
            guard let base = expected.baseAddress else { return false }
            unsafe code.finish(into: base)
            return unsafe constantTimeEquals(
                UnsafeRawBufferPointer(expected),
                UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + 16])
            )
        }
    }

    private static func verifyAuthenticator(
        _ packet: PacketView,
        over authenticator: UnsafeRawBufferPointer,
        secret: borrowing SecretContext
    ) -> Bool {
        let bytes = unsafe packet.bytes
        var digest = MD5()
        unsafe digest.update(UnsafeRawBufferPointer(rebasing: bytes[0..<4]))
        unsafe digest.update(authenticator)
        unsafe digest.update(packet.attributeBytes)
        var expected = InlineArray<16, UInt8>(repeating: 0)
        return unsafe withUnsafeMutableBytes(of: &expected) { expected in
            guard let base = expected.baseAddress else { return false }
            unsafe secret.finish(&digest, into: base)
            return unsafe constantTimeEquals(UnsafeRawBufferPointer(expected), packet.authenticator)
        }
    }
}
