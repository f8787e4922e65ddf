/// Why a request got no answer. Carries neither its URL nor its fields: secrets may stand in them.
package struct HTTPClientError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What went wrong.
    package enum Code: String, Sendable, CaseIterable {
        /// No URL with http or https, or a field with what no field may hold.
        case invalidRequest
        /// The host's name has no address.
        case unresolvable
        /// Nobody listens there, or nobody answered the handshake in time.
        case unreachable
        /// The host's addresses are none that the client may connect to.
        case forbidden
        /// The server's certificate is not believed, or TLS failed otherwise.
        case tls
        /// The deadline passed.
        case timeout
        /// The connection broke, or what came was no HTTP.
        case broken
        /// The answer is larger than the request allows.
        case responseTooLarge
        /// The body's source threw, or gave another number of octets than it said.
        case bodyFailed
        /// The task was cancelled.
        case cancelled
        /// As many requests as may are under way.
        case busy
        /// The client was shut down.
        case closed

        /// Whether a request that ends so may have arrived.
        fileprivate var leavesDoubt: Bool {
            switch self {
            case .invalidRequest, .unresolvable, .forbidden, .unreachable, .tls, .busy: false
            case .timeout, .broken, .responseTooLarge, .bodyFailed, .cancelled, .closed: true
            }
        }
    }

    package let code: Code
    /// libcurl's own words, or ours.
    package let message: String
    /// Whether something of the request may have left. False: the server cannot have acted on it.
    package let mayHaveArrived: Bool

    /// What `mayHaveArrived` says by itself follows from the code.
    package init(_ code: Code, _ message: String, mayHaveArrived: Bool? = nil) {
        self.code = code
        self.message = message
        self.mayHaveArrived = mayHaveArrived ?? code.leavesDoubt
    }

    /// Whether the same request may succeed a moment later, for its code alone: whether the server has acted on it is not said.
    package var isTransient: Bool {
        switch code {
        case .unresolvable, .unreachable, .timeout, .broken, .busy: true
        case .invalidRequest, .forbidden, .tls, .responseTooLarge, .bodyFailed, .cancelled, .closed: false
        }
    }

    package var description: String { "http client: \(code.rawValue): \(message)" }
}
