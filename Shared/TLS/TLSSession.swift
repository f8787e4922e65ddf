internal import CTLS

/// One TLS connection without a socket: octets of the network go in and come out, and so does what is said. Its owner moves
/// them: after each call what ``takeOutgoing()`` gives is to be sent.
///
/// Nothing that was given to ``send(_:)`` leaves before the peer is proven to be who was wanted. Every error is final.
///
/// SAFETY: confined to one thread; the session is owned here and freed once, in deinit, and its two buffers with it.
@safe package final class TLSSession {
    private let session: OpaquePointer
    private let input: OpaquePointer
    private let output: OpaquePointer
    /// Keeps what the session was made of.
    private let context: TLSContext
    private var unsent: [UInt8] = []
    private var scratch = [UInt8](repeating: 0, count: 16_384)

    /// Whether both sides have agreed and the peer is believed.
    package private(set) var isEstablished = false
    /// Whether nothing more follows: the peer said so, or what came last was damaged.
    package private(set) var isEnded = false

    /// One end of a connection. A client names the host it wants: the name or numeric address that the certificate must be
    /// for, where authorities decide.
    package init(_ context: TLSContext, host: String? = nil) throws(TLSError) {
        guard let session = unsafe SSL_new(context.raw) else { throw TLSError(.configuration, reasonOfOpenSSL()) }
        guard let input = unsafe BIO_new(BIO_s_mem()), let output = unsafe BIO_new(BIO_s_mem()) else {
            unsafe SSL_free(session)
            throw TLSError(.configuration, "no memory")
        }
        // The session owns both from here on.
        unsafe SSL_set_bio(session, input, output)
        unsafe self.session = session
        unsafe self.input = input
        unsafe self.output = output
        self.context = context
        guard context.trust != nil else {
            unsafe SSL_set_accept_state(session)
            return
        }
        unsafe SSL_set_connect_state(session)
        if let host { try expect(host) }
    }

    deinit { unsafe SSL_free(session) }

    /// Begins: a client speaks first.
    package func begin() throws(TLSError) { try shakeHands() }

    /// Takes what came from the network and returns what was said in it.
    package func receive(_ octets: ArraySlice<UInt8>) throws(TLSError) -> [UInt8] {
        var rest = octets
        while !rest.isEmpty {
            let written = unsafe rest.withUnsafeBufferPointer { bytes in
                unsafe BIO_write(input, bytes.baseAddress, Int32(clamping: bytes.count))
            }
            guard written > 0 else { throw TLSError(.broken, "no memory") }
            rest = rest.dropFirst(Int(written))
        }
        if !isEstablished { try shakeHands() }
        guard isEstablished else { return [] }
        return try read()
    }

    /// Says something; before the handshake is over it is kept until then.
    package func send(_ octets: [UInt8]) throws(TLSError) {
        guard isEstablished else {
            unsent += octets
            return
        }
        try write(octets)
    }

    /// What is to be sent over the network now.
    package func takeOutgoing() -> [UInt8] {
        var taken: [UInt8] = []
        while true {
            let count = unsafe BIO_read(output, &scratch, Int32(scratch.count))
            guard count > 0 else { return taken }
            taken += scratch.prefix(Int(count))
        }
    }

    /// The certificate that the peer showed; nil before it did.
    package var peerFingerprint: CertificateFingerprint? {
        var digest = [UInt8](repeating: 0, count: 32)
        guard unsafe ctls_peer_fingerprint(session, &digest) == 1 else { return nil }
        return CertificateFingerprint(octets: digest)
    }

    // MARK: - Private

    private func expect(_ host: String) throws(TLSError) {
        guard let parameters = unsafe SSL_get0_param(session) else { throw TLSError(.configuration, "no memory") }
        // A numeric address is compared with the certificate's addresses, and is no server name (RFC 6066 §3).
        if unsafe X509_VERIFY_PARAM_set1_ip_asc(parameters, host) == 1 { return }
        ERR_clear_error()
        guard unsafe X509_VERIFY_PARAM_set1_host(parameters, host, 0) == 1, unsafe ctls_server_name(session, host) == 1
        else { throw TLSError(.configuration, "the host's name: \(reasonOfOpenSSL())") }
    }

    private func shakeHands() throws(TLSError) {
        ERR_clear_error()
        let result = unsafe SSL_do_handshake(session)
        guard result != 1 else { return try establish() }
        guard unsafe SSL_get_error(session, result) != SSL_ERROR_WANT_READ else { return }
        let verdict = unsafe SSL_get_verify_result(session)
        guard verdict == Int(X509_V_OK) || !isVerifying else {
            throw TLSError(.notTrusted, unsafe String(cString: X509_verify_cert_error_string(verdict)))
        }
        throw TLSError(.handshake, reasonOfOpenSSL())
    }

    private var isVerifying: Bool { if case .authorities = context.trust { true } else { false } }

    private func establish() throws(TLSError) {
        if case .fingerprints(let pinned) = context.trust {
            guard let shown = peerFingerprint, pinned.contains(shown) else {
                throw TLSError(.fingerprint, "the certificate is none of those that are pinned")
            }
        }
        isEstablished = true
        let waiting = unsent
        unsent = []
        if !waiting.isEmpty { try write(waiting) }
    }

    private func write(_ octets: [UInt8]) throws(TLSError) {
        var rest = octets[...]
        while !rest.isEmpty {
            ERR_clear_error()
            let written = unsafe rest.withUnsafeBufferPointer { bytes in
                unsafe SSL_write(session, bytes.baseAddress, Int32(clamping: bytes.count))
            }
            // What is written goes to memory: it never has to wait.
            guard written > 0 else { throw TLSError(.broken, reasonOfOpenSSL()) }
            rest = rest.dropFirst(Int(written))
        }
    }

    private func read() throws(TLSError) -> [UInt8] {
        var said: [UInt8] = []
        while true {
            ERR_clear_error()
            let count = unsafe SSL_read(session, &scratch, Int32(scratch.count))
            if count > 0 {
                said += scratch.prefix(Int(count))
                continue
            }
            switch unsafe SSL_get_error(session, count) {
            case SSL_ERROR_WANT_READ: return said
            case SSL_ERROR_ZERO_RETURN:
                isEnded = true
                return said
            // What was said before the damage is not lost.
            case _ where !said.isEmpty:
                isEnded = true
                return said
            default: throw TLSError(.broken, reasonOfOpenSSL())
            }
        }
    }
}
