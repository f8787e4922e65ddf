/// Why a server cannot serve.
package struct HTTPServerError: Error, Equatable, CustomStringConvertible {
    package enum Code: Sendable, Equatable {
        /// The address cannot be bound.
        case listen
        /// libmicrohttpd did not start: its memory, its thread, or the certificate and key.
        case start
        /// The server was asked to run a second time.
        case usedUp
    }

    package let code: Code
    package let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}

/// Why a request's body ended before its time.
package enum RequestBodyError: Error, Equatable {
    /// It is longer than its route allows (413).
    case tooLarge(limit: Int)
    /// It did not come within its time (408).
    case tooSlow
    /// The client is gone; there is nobody to answer.
    case disconnected
}

/// A stream that nobody reads any more: the client is gone, or the server ends.
package struct StreamClosed: Error, Equatable {
    package init() {}
}
