internal import CTLS

/// Whom a client believes.
package enum TLSTrust: Hashable, Sendable {
    /// Who shows a certificate for the name that was asked for, signed by an authority of that PEM file; nil: of the system's.
    case authorities(file: String?)
    /// Who shows one of these certificates, whatever it says of itself.
    case fingerprints(Set<CertificateFingerprint>)
    /// Anybody: what is said is hidden from those who listen, and not from one who stands between.
    case anything
}

/// What many sessions have in common: TLS 1.2 or newer, and whom to believe or which certificate to show. For any thread.
///
/// SAFETY: the context is not changed after its making; OpenSSL counts its references atomically, so any thread may make
/// sessions of it. Freed once, in deinit.
@safe package final class TLSContext: @unchecked Sendable {
    let raw: OpaquePointer
    let trust: TLSTrust?

    /// For the side that connects. Throws where the authorities cannot be read.
    package init(trusting trust: TLSTrust) throws(TLSError) {
        unsafe raw = try Self.made(unsafe TLS_client_method())
        self.trust = trust
        guard case .authorities(let file) = trust else {
            unsafe SSL_CTX_set_verify(raw, SSL_VERIFY_NONE, nil)
            return
        }
        unsafe SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nil)
        let isLoaded =
            if let file {
                unsafe SSL_CTX_load_verify_locations(raw, file, nil) == 1
            } else {
                unsafe SSL_CTX_set_default_verify_paths(raw) == 1
            }
        guard isLoaded else { throw TLSError(.configuration, "the authorities' file: \(reasonOfOpenSSL())") }
    }

    /// For the side that is connected to: PEM files with its certificate, the issuer's after it, and its key.
    package init(certificate: String, key: String) throws(TLSError) {
        unsafe raw = try Self.made(unsafe TLS_server_method())
        trust = nil
        guard unsafe SSL_CTX_use_certificate_chain_file(raw, certificate) == 1,
            unsafe SSL_CTX_use_PrivateKey_file(raw, key, SSL_FILETYPE_PEM) == 1
        else { throw TLSError(.configuration, "the certificate or its key: \(reasonOfOpenSSL())") }
    }

    deinit { unsafe SSL_CTX_free(raw) }

    private static func made(_ method: OpaquePointer?) throws(TLSError) -> OpaquePointer {
        guard let raw = unsafe SSL_CTX_new(method) else { throw TLSError(.configuration, reasonOfOpenSSL()) }
        guard unsafe ctls_minimum_version(raw) == 1 else {
            unsafe SSL_CTX_free(raw)
            throw TLSError(.configuration, reasonOfOpenSSL())
        }
        return unsafe raw
    }
}

/// What this thread's last call complained of.
func reasonOfOpenSSL() -> String {
    guard let reason = unsafe ctls_reason() else { return "no reason given" }
    return unsafe String(cString: reason)
}
