package import Domain
package import RADIUS

/// Parts that name a session together. What is told beyond the minimum some NASes take for a change, and refuse.
package struct IdentitySet: Hashable, Sendable {
    /// In the order in which they stand in the packet.
    package let parts: [IdentityPart]

    /// A set of these parts.
    package init(_ parts: IdentityPart...) { self.init(parts) }

    package init(_ parts: [IdentityPart]) {
        self.parts = Self.order.filter(parts.contains)
    }

    /// By their numbers, but for User-Name, which comes first: so the vectors of RFC 5176 and most clients have it.
    private static let order: [IdentityPart] = [
        .userName, .nasPort, .acctSessionID, .acctMultiSessionID, .framedIPAddress, .callingStationID, .nasPortID,
        .chargeableUserIdentity,
    ]

    /// Whether it can mean one session only, of those that are or ever were: its accounting id is part of it.
    package var isExact: Bool { parts.contains(.acctSessionID) }

    /// Whether everything that it wants is known.
    package func isKnown(of identity: LiveIdentity) -> Bool {
        parts.allSatisfy { identity.attribute($0) != nil }
    }

    /// The attributes; nil where one is not known.
    package func attributes(of identity: LiveIdentity) -> [Attribute]? {
        let found = parts.compactMap(identity.attribute)
        return found.count == parts.count ? found : nil
    }

    /// How a vendor's NASes want to be told which session, the best first.
    ///
    /// The first is the smallest that the vendor documents; where it documents none, User-Name goes with Acct-Session-Id,
    /// as RFC 5176 §3 recommends. User-Name alone is the last resort and only where a vendor knows nothing better: it may
    /// mean several sessions.
    package static func sets(for vendor: NASVendor) -> [IdentitySet] {
        switch vendor {
        case .mikrotik:
            // The hotspot wants the address as well.
            [
                IdentitySet(.userName, .acctSessionID), IdentitySet(.userName, .acctSessionID, .framedIPAddress),
                IdentitySet(.userName, .framedIPAddress),
            ]
        case .cisco:
            [IdentitySet(.acctSessionID), IdentitySet(.userName, .acctSessionID), IdentitySet(.callingStationID)]
        case .huawei:
            [
                IdentitySet(.acctSessionID), IdentitySet(.userName, .acctSessionID),
                IdentitySet(.userName, .framedIPAddress),
            ]
        case .juniper:
            [IdentitySet(.acctSessionID), IdentitySet(.acctMultiSessionID), IdentitySet(.userName, .acctSessionID)]
        case .nokia:
            // TiMOS acts upon one of them alone, port and address before the id: so the id goes without them.
            [IdentitySet(.acctSessionID), IdentitySet(.framedIPAddress, .nasPortID), IdentitySet(.userName)]
        case .coovachilli:
            [IdentitySet(.userName, .acctSessionID), IdentitySet(.userName)]
        case .generic, .ubiquiti:
            [
                IdentitySet(.userName, .acctSessionID), IdentitySet(.acctSessionID),
                IdentitySet(.acctSessionID, .chargeableUserIdentity), IdentitySet(.userName, .callingStationID),
                IdentitySet(.userName, .framedIPAddress), IdentitySet(.callingStationID), IdentitySet(.userName),
            ]
        }
    }

    /// The parts' names with `+` between them.
    package var text: String { parts.map(\.rawValue).joined(separator: "+") }

    /// Reads what `text` writes.
    package init?(text: String) {
        let parts = text.split(separator: "+", omittingEmptySubsequences: false).map {
            IdentityPart(rawValue: String($0))
        }
        guard !parts.isEmpty, !parts.contains(nil) else { return nil }
        self.init(parts.compactMap(\.self))
    }
}
