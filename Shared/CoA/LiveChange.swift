package import Domain
import Profiles
package import RADIUS

/// What a CoA can be about. Vendors differ in which of them they change within a session. The raw values are stored: see
/// `Lesson`.
package enum ChangeKind: String, Hashable, Sendable, CaseIterable {
    /// How fast.
    case speed
    /// How many octets are left.
    case volume
    /// Session-Timeout, Idle-Timeout.
    case timeout
    /// Filter-Id, address lists: what may be reached.
    case filter
    /// A vendor's own command or service.
    case other
}

/// What a live session shall become: attributes, and what they are about.
package struct LiveChange: Equatable, Sendable {
    package private(set) var attributes: [Attribute] = []
    /// What each of them is about.
    private var about: [ChangeKind] = []

    package var kinds: Set<ChangeKind> { Set(about) }

    /// Nothing as yet.
    package init() {}

    package var isEmpty: Bool { attributes.isEmpty }

    /// Adds attributes of one kind. False, and nothing is added, where one of them is none that a change may hold: it would
    /// name a session (RFC 5176 §3), prove a packet, carry a key, or lead through proxies that are none of ours.
    package mutating func add(_ kind: ChangeKind, _ more: [Attribute]) -> Bool {
        guard more.allSatisfy({ Self.mayChange($0.type) && $0.value.count <= 253 }) else { return false }
        guard !more.isEmpty else { return true }
        attributes += more
        about += more.map { _ in kind }
        return true
    }

    /// What is left of it without what is about that.
    package func without(_ kind: ChangeKind) -> LiveChange {
        var rest = LiveChange()
        for (attribute, subject) in zip(attributes, about) where subject != kind {
            rest.attributes.append(attribute)
            rest.about.append(subject)
        }
        return rest
    }

    /// Adds the speed, in the vendor's words: the same as in an Access-Accept. False, and nothing is added, where the vendor
    /// has no words for what goes away: then only a new session has the new speed.
    package mutating func addSpeed(
        _ wanted: SpeedProfile,
        from current: SpeedProfile?,
        for vendor: NASVendor
    ) -> Bool {
        guard let words = Self.speed(wanted, from: current, for: vendor) else { return false }
        return add(.speed, words)
    }

    /// Adds when the session ends by itself, in `remaining` seconds, in the words of the vendor and from where it counts
    /// (`NASCapabilities.timeoutOrigin`).
    package mutating func addTimeout(remaining: UInt32, elapsed: UInt32, for vendor: NASVendor) {
        let attribute: Attribute
        switch NASCapabilities.timeoutOrigin(of: vendor) {
        // Alc-Relative-Session-Timeout: a Session-Timeout beside it would be refused.
        case .request: attribute = .vendor(Vendor.nokia, 160, remaining)
        case .start:
            let (sum, overflow) = elapsed.addingReportingOverflow(remaining)
            attribute = Attribute(AttributeType.sessionTimeout, overflow ? .max : sum)
        }
        _ = add(.timeout, [attribute])
    }

    /// The speed in the vendor's words; nil where there are none.
    ///
    /// A limit that is not told stays as it was. MikroTik's text replaces all at once, so only "no limit at all" cannot be
    /// said; of all others no direction can be freed, and no guarantee taken back where the vendor knows guarantees. Without
    /// `current` every direction may be limited, and nothing guaranteed.
    private static func speed(
        _ wanted: SpeedProfile,
        from current: SpeedProfile?,
        for vendor: NASVendor
    ) -> [Attribute]? {
        let words = VendorSpeed.attributes(wanted, for: vendor)
        guard !words.isEmpty else { return nil }
        if vendor == .mikrotik { return words }
        func isLost(_ direction: KeyPath<SpeedPair, Int64>) -> Bool {
            let before = current?.rate[keyPath: direction] ?? 1
            return before > 0 && wanted.rate[keyPath: direction] <= 0
        }
        func isGuaranteeLost(_ direction: KeyPath<SpeedPair, Int64>) -> Bool {
            let before = current?.guaranteed[keyPath: direction] ?? 0
            return before > 0 && wanted.guaranteed[keyPath: direction] <= 0
        }
        // Juniper's upload has a name and no number: it is none of these words (docs/RADIUS.md).
        let tellsUpload = vendor != .juniper
        let tellsGuarantee = [.generic, .ubiquiti, .juniper, .nokia].contains(vendor)
        if isLost(\.download) || (tellsUpload && isLost(\.upload)) { return nil }
        if tellsGuarantee, isGuaranteeLost(\.download) || (tellsUpload && isGuaranteeLost(\.upload)) { return nil }
        return words
    }

    /// Whether an attribute of that type may stand in a CoA for being changed.
    package static func mayChange(_ type: UInt8) -> Bool { !untouchable.contains(type) }

    private static let untouchable: Set<UInt8> = [
        AttributeType.userName, AttributeType.userPassword, AttributeType.chapPassword, AttributeType.nasIPAddress,
        AttributeType.nasPort, AttributeType.framedIPAddress, AttributeType.state, AttributeType.class,
        AttributeType.calledStationID, AttributeType.callingStationID, AttributeType.nasIdentifier,
        AttributeType.proxyState, AttributeType.acctStatusType, AttributeType.acctSessionID,
        AttributeType.acctMultiSessionID, AttributeType.eventTimestamp, AttributeType.chapChallenge,
        AttributeType.eapMessage, AttributeType.messageAuthenticator, AttributeType.nasPortID,
        AttributeType.chargeableUserIdentity, AttributeType.nasIPv6Address, AttributeType.errorCause,
        // Authorize Only would begin a second round that nobody here goes on with (RFC 5176 §3.2); and a service, a pool and
        // an address are a new session's.
        AttributeType.serviceType, AttributeType.framedProtocol, AttributeType.framedPool, AttributeType.tunnelPassword,
        AttributeType.framedIPv6Prefix, AttributeType.framedIPv6Address, AttributeType.delegatedIPv6Prefix,
        AttributeType.framedInterfaceID, AttributeType.framedIPv6Pool, AttributeType.delegatedIPv6PrefixPool,
        AttributeType.statefulIPv6AddressPool,
    ]
}
