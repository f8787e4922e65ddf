/// Why a TLS session cannot be, or cannot go on. Carries nothing of what was said in it.
package struct TLSError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: String, Sendable, CaseIterable {
        /// A file of certificates or keys cannot be used, or OpenSSL has no memory left.
        case configuration
        /// The peer's certificate is not believed: unknown issuer, expired, or for another name.
        case notTrusted
        /// The peer's certificate is none of those that were pinned.
        case fingerprint
        /// The two sides did not agree, or the other does not speak TLS.
        case handshake
        /// What came later was no TLS, or was tampered with.
        case broken
    }

    package let code: Code
    /// OpenSSL's own words, or ours.
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { "tls: \(code.rawValue): \(message)" }
}
