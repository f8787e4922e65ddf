package import Concurrency

/// A field of a request or an answer.
package struct ClientHeader: Sendable, Hashable {
    package let name: String
    package let value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    /// Whether it can be sent without becoming something else (RFC 9110 §5.1, §5.5).
    var isValid: Bool {
        let isToken =
            !name.isEmpty
            && name.utf8.allSatisfy { octet in
                switch octet {
                case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
                default: "!#$%&'*+-.^_`|~".utf8.contains(octet)
                }
            }
        return isToken && value.utf8.allSatisfy { $0 == 0x09 || ($0 >= 0x20 && $0 != 0x7f) }
    }
}

/// What is sent.
package struct ClientRequest: Sendable {
    /// The methods that adapters need; each is sent as it stands.
    package enum Method: String, Sendable, CaseIterable {
        case get = "GET"
        case head = "HEAD"
        case put = "PUT"
        case post = "POST"
        case delete = "DELETE"
    }

    /// What a request carries.
    package enum Body: Sendable {
        case none
        case octets([UInt8])
        case stream(UploadStream)
    }

    package var method: Method
    /// Absolute, http or https.
    package var url: String
    package var headers: [ClientHeader]
    package var body: Body
    /// Octets of the answer's body at most.
    package var responseLimit: Int
    /// An answer whose body is longer is taken as far as the limit, and the rest is not waited for: the connection ends there. Fails
    /// with `responseTooLarge` otherwise.
    package var cutsResponse = false
    /// What must not be said twice goes over a connection of its own: over a kept one that turns out to be gone libcurl sends a request
    /// again by itself.
    package var isSaidOnce = false
    /// Until the last octet of the answer.
    package var deadline: Deadline

    /// `within` counts from now.
    package init(
        _ method: Method,
        _ url: String,
        headers: [ClientHeader] = [],
        body: Body = .none,
        responseLimit: Int = 1 << 20,
        within limit: Duration = .seconds(30)
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.responseLimit = responseLimit
        deadline = .after(limit)
    }

    /// Throws what libcurl must not see.
    func check() throws(HTTPClientError) {
        let scheme = url.prefix { $0 != ":" }.lowercased()
        guard scheme == "http" || scheme == "https", url.dropFirst(scheme.utf8.count).hasPrefix("://") else {
            throw HTTPClientError(.invalidRequest, "the URL is neither http nor https")
        }
        guard url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw HTTPClientError(.invalidRequest, "the URL has octets that no URL has")
        }
        guard headers.allSatisfy(\.isValid) else {
            throw HTTPClientError(.invalidRequest, "a field has a name or a value that none may have")
        }
    }
}

/// A server's answer, whatever its status.
package struct ClientResponse: Sendable, Equatable {
    package let status: Int
    /// In the order in which they came; of the last answer where there were provisional ones.
    package let headers: [ClientHeader]
    package let body: [UInt8]

    package init(status: Int, headers: [ClientHeader], body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The first field of that name, whose case does not count.
    package func header(_ name: String) -> String? {
        let wanted = name.lowercased()
        return headers.first { $0.name.lowercased() == wanted }?.value
    }
}
