import RADIUS

/// What a kind of NAS can do to a running session, and how it wants to be told which.
///
/// From the vendors' public documentation as far as it goes; where it says nothing, the strictest reading of RFC 5176 is
/// taken, so that what is accepted here is accepted there.
package struct ControlRules: Sendable {
    /// An attribute by vendor (0: none) and type.
    package struct Name: Hashable, Sendable {
        package let vendor: UInt32
        package let type: UInt8

        package init(_ vendor: UInt32, _ type: UInt8) {
            self.vendor = vendor
            self.type = type
        }
    }

    /// What an attribute of a CoA means to the NAS.
    package enum Meaning: Sendable {
        case mikrotikRate
        /// Upload or download, in units of so many bits in a second.
        case upload(unit: UInt64)
        case download(unit: UInt64)
        /// Cisco-Account-Info: `QU;rate;…;D;rate;…`.
        case ciscoAccount
        /// ERX-CoS-Shaping-Pmt-Type: `T02 rate`.
        case juniperShaping
        /// Alc-Subscriber-QoS-Override: `I` or `E`, `:Q:1:pir=kbit/s`.
        case nokiaOverride
        /// A profile, policy or service by name.
        case profile
        case timeout
        case filter
        /// Cisco-AVPair: QoS policies and commands.
        case ciscoPair
        /// Something that changes the session in a way the model only notes.
        case other
    }

    /// Which attributes must name the session: all of one of these sets.
    package let identification: [[UInt8]]
    package let changes: [Name: Meaning]
    /// Error-Cause for what cannot be changed (RFC 5176 §3.5); nil where unknown attributes are ignored in silence.
    package let unsupported: UInt32?
    /// Requests without Message-Authenticator get no answer.
    package let requiresMessageAuthenticator: Bool
    /// Nor do those without Event-Timestamp.
    package let requiresEventTimestamp: Bool

    /// The rules of a kind; nil for pppd, which listens to nobody.
    package static func of(_ kind: NASKind) -> ControlRules? {
        switch kind {
        case .mikrotik: mikrotik
        case .cisco: cisco
        case .huawei: huawei
        case .juniper: juniper
        case .nokia: nokia
        case .ubiquiti: ubiquiti
        case .coovachilli: coovachilli
        case .accelppp: accelppp
        case .pppd: nil
        }
    }

    private init(
        _ identification: [[UInt8]],
        _ changes: [Name: Meaning],
        unsupported: UInt32? = ErrorCause.unsupportedAttribute,
        requiresMessageAuthenticator: Bool = false,
        requiresEventTimestamp: Bool = false
    ) {
        self.identification = identification
        self.changes = changes
        self.unsupported = unsupported
        self.requiresMessageAuthenticator = requiresMessageAuthenticator
        self.requiresEventTimestamp = requiresEventTimestamp
    }

    private static let byID = [AttributeType.acctSessionID]
    private static let byUser = [AttributeType.userName]
    private static let byStation = [AttributeType.callingStationID]
    private static let timeout = Name(0, AttributeType.sessionTimeout)
    private static let idle = Name(0, AttributeType.idleTimeout)
    private static let filter = Name(0, AttributeType.filterID)

    private static func named(_ vendor: UInt32, _ types: [UInt8], _ meaning: Meaning) -> [Name: Meaning] {
        Dictionary(uniqueKeysWithValues: types.map { (Name(vendor, $0), meaning) })
    }

    private static func all(_ parts: [[Name: Meaning]]) -> [Name: Meaning] {
        parts.reduce(into: [:]) { all, part in all.merge(part) { first, _ in first } }
    }

    /// RouterOS: name and id both; no address, pool, route or list; Message-Authenticator by default.
    private static let mikrotik = ControlRules(
        [byUser + byID],
        all([
            [timeout: .timeout, idle: .other, filter: .filter, Name(0, AttributeType.portLimit): .other],
            [Name(Vendor.mikrotik, MikroTikAttribute.rateLimit): .mikrotikRate],
            // Recv-Limit, Xmit-Limit, Group, Mark-Id, Advertise-URL and -Interval.
            named(Vendor.mikrotik, [1, 2, 3, 11, 12, 13], .other),
        ]),
        requiresMessageAuthenticator: true
    )

    private static let cisco = ControlRules(
        [byID, byStation, [AttributeType.state]],
        all([
            [timeout: .timeout, idle: .other, filter: .filter, Name(Vendor.cisco, 1): .ciscoPair],
            // Policies up, down, in, out; services activated and deactivated.
            named(Vendor.cisco, [37, 38, 55, 56, 60, 63], .profile),
            named(Vendor.cisco, [250], .ciscoAccount),
            named(Vendor.cisco, [57, 58, 61, 62], .other),
        ])
    )

    private static let huawei = ControlRules(
        [byID, [AttributeType.userName, AttributeType.framedIPAddress]],
        all([
            [filter: .filter],
            // Subscriber-QoS-Profile, Qos-Profile-Name, Down-QOS-Profile-Name.
            named(Vendor.huawei, [17, 31, 182], .profile),
            // Up- and Down-Priority, Lease-Time, Policy-Name, Domain-Name.
            named(Vendor.huawei, [61, 62, 74, 95, 138], .other),
        ]),
        unsupported: ErrorCause.invalidRequest
    )

    private static let juniper = ControlRules(
        [byID, [AttributeType.acctMultiSessionID]],
        all([
            // Service-Activate and -Deactivate, Cos-Shaping-Rate.
            named(Vendor.juniperERX, [65, 66, 177], .profile),
            named(Vendor.juniperERX, [108], .juniperShaping),
            // Service-Volume, Service-Timeout, interface filters.
            named(Vendor.juniperERX, [67, 68, 191, 192], .other),
        ])
    )

    /// TiMOS passes over what it does not know: only accounting shows what became of it.
    private static let nokia = ControlRules(
        [[AttributeType.nasPortID, AttributeType.framedIPAddress], byID, byUser],
        all([
            // Subsc-Prof-Str, SLA-Prof-Str.
            named(Vendor.nokia, [12, 13], .profile),
            named(Vendor.nokia, [126], .nokiaOverride),
            // App-Prof-Str, Subscriber-Filter.
            named(Vendor.nokia, [45, 134], .other),
            // Relative-Session-Timeout.
            named(Vendor.nokia, [160], .timeout),
        ]),
        unsupported: nil
    )

    /// No documented change of a running session: Disconnect is the way. hostapd, which is inside, wants Event-Timestamp.
    private static let ubiquiti = ControlRules([byID, byStation, byUser], [:], requiresEventTimestamp: true)

    private static let coovachilli = ControlRules(
        [byUser],
        all([
            [timeout: .timeout, idle: .other, filter: .filter],
            // Bandwidth in kbit/s, WISPr's in bit/s.
            [
                Name(Vendor.chilliSpot, 4): .upload(unit: 1000), Name(Vendor.chilliSpot, 5): .download(unit: 1000),
                Name(Vendor.wispr, 7): .upload(unit: 1), Name(Vendor.wispr, 8): .download(unit: 1),
            ],
            // Max-Input-, -Output- and -Total-Octets.
            named(Vendor.chilliSpot, [1, 2, 3], .other),
        ])
    )

    /// The rate stands in the attribute of its configuration, Filter-Id by default.
    private static let accelppp = ControlRules(
        [byID, byUser, [AttributeType.nasPortID], [AttributeType.framedIPAddress]],
        [filter: .profile, timeout: .timeout]
    )
}

/// Values of Error-Cause (RFC 5176 §3.5).
package enum ErrorCause {
    package static let unsupportedAttribute: UInt32 = 401
    package static let missingAttribute: UInt32 = 402
    package static let nasIdentificationMismatch: UInt32 = 403
    package static let invalidRequest: UInt32 = 404
    package static let unsupportedService: UInt32 = 405
    package static let sessionContextNotFound: UInt32 = 503
    package static let multipleSessionSelectionUnsupported: UInt32 = 508
}
