package import Crypto
package import Domain
package import Sockets

/// One request, and where and how it goes.
package struct ControlOrder: Sendable {
    /// The NAS's address and its port for CoA. Identifiers, breaker and queue are the endpoint's, whoever asks.
    package let destination: SourceAddress
    /// For metrics.
    package let vendor: NASVendor
    package let secret: SharedSecret
    package let request: ControlRequest
    /// Requests of one session go one after the other: the same text for the same session of this endpoint.
    package let session: String
    /// Goes before those that are not: a suspension before a throttle.
    package let isUrgent: Bool
    /// How long it may wait until it is sent. Sending and its repeats have their own limits.
    package let patience: Duration
    /// Answers without Message-Authenticator are not believed.
    package let requiresMessageAuthenticator: Bool

    package init(
        destination: SourceAddress,
        vendor: NASVendor,
        secret: SharedSecret,
        request: ControlRequest,
        session: String,
        isUrgent: Bool = false,
        patience: Duration = .seconds(30),
        requiresMessageAuthenticator: Bool = false
    ) {
        self.destination = destination
        self.vendor = vendor
        self.secret = secret
        self.request = request
        self.session = session
        self.isUrgent = isUrgent
        self.patience = patience
        self.requiresMessageAuthenticator = requiresMessageAuthenticator
    }
}

extension SourceAddress {
    /// An address of the domain with a port, such as a NAS's for CoA.
    package init(_ address: IPAddress, port: UInt16) {
        if let ipv4 = address.ipv4 {
            self.init(high: 0, low: 0xffff_0000_0000 | UInt64(ipv4), port: port)
        } else {
            self.init(high: address.bits.high, low: address.bits.low, port: port)
        }
    }
}
