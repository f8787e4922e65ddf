import Crypto
import RADIUS

/// Puts arbitrary octets through every part of the codec and checks what must hold for all of them. The mutation test
/// and the fuzzer both run it.
struct CodecExercise {
    private let secret = SharedSecret(Array("0123456789abcdef0123456789ABCDEF".utf8))

    /// What went wrong, or nil. Octets that are no packet are nothing wrong.
    func violation(in input: [UInt8]) -> String? {
        unsafe input.withUnsafeBytes { buffer in
            do throws(PacketError) {
                return unsafe violation(in: try PacketView(validating: buffer), buffer)
            } catch {
                return nil
            }
        }
    }

    /// True when the octets are a packet whose Message-Authenticator is right under the secret of the vectors.
    func isAuthentic(_ input: [UInt8]) -> Bool {
        unsafe input.withUnsafeBytes { buffer in
            guard let view = unsafe try? PacketView(validating: buffer) else { return false }
            return Authenticity.verifyMessageAuthenticator(packet: view, secret: secret.context)
        }
    }

    private func violation(in view: PacketView, _ buffer: UnsafeRawBufferPointer) -> String? {
        guard view.length >= 20, view.length <= 4096, view.length <= buffer.count else { return "length" }
        if let problem = attributesViolation(view) { return problem }
        passwords(view)
        _ = Authenticity.verifyAccountingAuthenticator(packet: view, secret: secret.context)
        let packet = Packet(copying: view)
        guard let encoded = packet.encodedRequest(secret: secret) else {
            return "a packet that was read is not written"
        }
        guard encoded.count == view.length else { return "a packet changes its length when it is written again" }
        guard (try? Packet(parsing: encoded))?.attributes.count == packet.attributes.count else {
            return "a packet that was written is not read"
        }
        if view.contains(AttributeType.messageAuthenticator), !isAuthentic(encoded) { return "own code is refused" }
        return replyViolation(view, packet)
    }

    private func attributesViolation(_ view: PacketView) -> String? {
        var seen: Set<UInt8> = []
        var octets = 20
        var problem: String?
        unsafe view.forEach { type, value in
            octets += value.count + 2
            guard seen.insert(type).inserted else { return }
            let first = unsafe view.first(type)
            if unsafe first?.baseAddress != value.baseAddress || first?.count != value.count {
                problem = "the first of type \(type) is another one"
            }
            if value.count != 4, view.uint32(type) != nil { problem = "an integer that is not four octets long" }
        }
        guard octets == view.length else { return "attributes do not fill the packet" }
        for type in UInt8.min ... .max where view.contains(type) != seen.contains(type) {
            return "type \(type) is there and is not"
        }
        unsafe view.forEachVendor { vendor, type, value in
            if unsafe view.firstVendor(vendor, type) == nil { problem = "a vendor's attribute is lost" }
        }
        return problem
    }

    private func passwords(_ view: PacketView) {
        unsafe withUnsafeTemporaryAllocation(byteCount: UserPassword.maximumLength, alignment: 1) { output in
            unsafe view.forEach { _, value in
                _ = unsafe UserPassword.decrypt(
                    hidden: value,
                    requestAuthenticator: view.authenticator,
                    secret: secret.context,
                    into: output
                )
                _ = unsafe CHAP.verify(response: value, challenge: view.authenticator, password: [1, 2, 3])
                _ = unsafe SaltEncryption.decrypt(
                    [UInt8](value),
                    requestAuthenticator: [UInt8](view.authenticator),
                    secret: secret.context
                )
            }
        }
    }

    /// A reply that echoes everything, into buffers of which some are too small.
    private func replyViolation(_ view: PacketView, _ packet: Packet) -> String? {
        for capacity in [0, 19, 20, 37, 38, 60, view.length, view.length + 18, 4096, 5000] {
            var buffer = [UInt8](repeating: 0xEE, count: capacity)
            let length = unsafe buffer.withUnsafeMutableBytes { buffer in
                var writer = unsafe ReplyWriter(into: buffer, code: .accessAccept, identifier: view.identifier)
                writer.copyProxyState(from: view)
                unsafe view.forEach { type, value in
                    if type != AttributeType.proxyState, type != AttributeType.messageAuthenticator,
                        type != AttributeType.eapMessage
                    {
                        unsafe writer.append(type: type, value)
                    }
                }
                return unsafe writer.finish(requestAuthenticator: view.authenticator, secret: secret.context)
            }
            if length > 0, let problem = writtenViolation(Array(buffer[..<length]), view, packet) { return problem }
            if length == 0, capacity >= 4096, view.length <= 4000 { return "a reply that fits is not written" }
        }
        return nil
    }

    private func writtenViolation(_ reply: [UInt8], _ request: PacketView, _ packet: Packet) -> String? {
        let verified = unsafe reply.withUnsafeBytes { buffer in
            guard let view = unsafe try? PacketView(validating: buffer) else { return false }
            return unsafe Authenticity.verifyResponse(
                packet: view,
                requestAuthenticator: request.authenticator,
                secret: secret.context,
                requireMessageAuthenticator: true
            )
        }
        guard verified, let read = try? Packet(parsing: reply) else { return "own reply is refused" }
        let isProxyState: (Attribute) -> Bool = { $0.type == AttributeType.proxyState }
        guard read.attributes.filter(isProxyState) == packet.attributes.filter(isProxyState) else {
            return "Proxy-State was changed"
        }
        return nil
    }
}
