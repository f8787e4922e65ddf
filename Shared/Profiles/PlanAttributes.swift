package import Domain
import RADIUS

/// What a plan puts into every Access-Accept, whoever logs in where: the one place that says so, for the server's answers and
/// for whoever wants to know them.
package struct PlanAttributes: Sendable {
    private static let framedUser: UInt32 = 2
    private static let ppp: UInt32 = 1
    private static let primaryDNSServer: UInt8 = 28
    private static let secondaryDNSServer: UInt8 = 29

    package var interimInterval: UInt32
    package var idleTimeout: UInt32?
    /// IPv4 name servers in host order; the first two are sent.
    package var dnsServers: [UInt32]
    /// MikroTik's.
    package var addressList: String?
    /// The plan's own extra attributes.
    package var extras: [ReplyOperation]

    package init(
        interimInterval: UInt32,
        idleTimeout: UInt32? = nil,
        dnsServers: [UInt32] = [],
        addressList: String? = nil,
        extras: [ReplyOperation] = []
    ) {
        self.interimInterval = interimInterval
        self.idleTimeout = idleTimeout
        self.dnsServers = dnsServers
        self.addressList = addressList
        self.extras = extras
    }

    /// Encoded for one vendor: what is left of the server's own attributes, and what the plan's put behind them.
    package func encoded(_ speed: SpeedProfile, for vendor: NASVendor) -> (own: [UInt8], extras: [UInt8]) {
        let (own, extras) = extras.applied(
            to: attributes(speed, for: vendor).flatMap { $0.encoded ?? [] },
            for: vendor
        )
        return (own, extras)
    }

    private func attributes(_ speed: SpeedProfile, for vendor: NASVendor) -> [Attribute] {
        var attributes = [
            Attribute(AttributeType.serviceType, Self.framedUser), Attribute(AttributeType.framedProtocol, Self.ppp),
            Attribute(AttributeType.acctInterimInterval, interimInterval),
        ]
        if let idleTimeout { attributes.append(Attribute(AttributeType.idleTimeout, idleTimeout)) }
        for (type, server) in zip([Self.primaryDNSServer, Self.secondaryDNSServer], dnsServers) {
            attributes.append(.vendor(Vendor.microsoft, type, server))
        }
        attributes += VendorSpeed.attributes(speed, for: vendor)
        if vendor == .mikrotik, let addressList {
            attributes.append(.vendor(Vendor.mikrotik, MikroTikAttribute.addressList, text: addressList))
        }
        return attributes
    }
}
