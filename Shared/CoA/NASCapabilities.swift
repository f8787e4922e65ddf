package import Domain

/// Something that a NAS taught by what it acknowledged and refused.
package enum Lesson: Hashable, Sendable {
    /// It does not change that within a session.
    case cannotChange(ChangeKind)
    /// It takes no CoA-Request at all.
    case takesNoChange
    /// It takes no Disconnect-Request at all.
    case takesNoDisconnect
    /// It found sessions by that set.
    case proven(IdentitySet)
    /// It does not want to be told that set.
    case refused(IdentitySet)
    /// It does not know itself by the NAS attributes that it sends.
    case knowsItselfOtherwise
    /// It wants Event-Timestamp.
    case wantsEventTimestamp

    /// How it is stored and shown.
    package var text: String {
        switch self {
        case .cannotChange(let kind): "cannot-change:\(kind.rawValue)"
        case .takesNoChange: "takes-no-change"
        case .takesNoDisconnect: "takes-no-disconnect"
        case .proven(let set): "proven:\(set.text)"
        case .refused(let set): "refused:\(set.text)"
        case .knowsItselfOtherwise: "knows-itself-otherwise"
        case .wantsEventTimestamp: "wants-event-timestamp"
        }
    }

    /// Reads what `text` writes.
    package init?(text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        switch (parts.first, parts.count > 1 ? parts[1] : nil) {
        case ("cannot-change", let kind?):
            guard let kind = ChangeKind(rawValue: kind) else { return nil }
            self = .cannotChange(kind)
        case ("proven", let set?):
            guard let set = IdentitySet(text: set) else { return nil }
            self = .proven(set)
        case ("refused", let set?):
            guard let set = IdentitySet(text: set) else { return nil }
            self = .refused(set)
        case ("takes-no-change", nil): self = .takesNoChange
        case ("takes-no-disconnect", nil): self = .takesNoDisconnect
        case ("knows-itself-otherwise", nil): self = .knowsItselfOtherwise
        case ("wants-event-timestamp", nil): self = .wantsEventTimestamp
        default: return nil
        }
    }
}

/// From when a NAS counts the seconds after which a session shall end that a CoA tells.
package enum TimeoutOrigin: Hashable, Sendable, CaseIterable {
    /// From the session's start: "the maximum number of seconds of service to be provided to the user" (RFC 2865 §5.27).
    /// RFC 5176 §3.6 lets Session-Timeout stand in a CoA-Request and says nothing else of it.
    case start
    /// From the request.
    case request
}

/// What can be done to the sessions of one NAS: what its vendor documents, and what it taught. Pure.
///
/// | vendor | speed | volume | timeout | filter | other |
/// | --- | --- | --- | --- | --- | --- |
/// | generic | yes | | yes | yes | yes |
/// | MikroTik | yes | yes | yes | yes | yes |
/// | Cisco | yes | | yes | yes | yes |
/// | Huawei | yes | | | yes | yes |
/// | Juniper | yes | | | yes | yes |
/// | Nokia | yes | | yes | yes | yes |
/// | CoovaChilli | yes | yes | yes | yes | |
/// | Ubiquiti | | | | | |
///
/// What is not documented is not tried: an attribute that is acknowledged and passed over would go unnoticed. What is
/// documented and refused is learned, and forgotten after a while, since NASes are upgraded.
package struct NASCapabilities: Hashable, Sendable {
    package let vendor: NASVendor
    /// What the operator says about Event-Timestamp; nil leaves it to the vendor and to what was learned.
    package var timestamps: Bool?
    /// With the second since 1970 in which each was last learned.
    package private(set) var lessons: [Lesson: Int64]

    /// A vendor's NAS that taught these lessons.
    package init(vendor: NASVendor, timestamps: Bool? = nil, lessons: [Lesson: Int64] = [:]) {
        self.vendor = vendor
        self.timestamps = timestamps
        self.lessons = lessons
    }

    /// What the vendor's NASes change within a session.
    package static func changes(of vendor: NASVendor) -> Set<ChangeKind> {
        switch vendor {
        case .mikrotik: [.speed, .volume, .timeout, .filter, .other]
        case .generic, .cisco, .nokia: [.speed, .timeout, .filter, .other]
        case .huawei, .juniper: [.speed, .filter, .other]
        case .coovachilli: [.speed, .volume, .timeout, .filter]
        case .ubiquiti: []
        }
    }

    /// From when the vendor's NASes count. Nokia documents both, Session-Timeout from the start and its own attribute from
    /// the request; the latter needs no clock of ours. CoovaChilli compares with the time since the start. Of the others
    /// nobody documents anything but RFC 2865's words. Among the generic there are some that count from the request
    /// (strongSwan): such a session ends later than it was told to, by what it has lasted, and its service's end throws it
    /// out in time; told the rest alone, those who count from the start would end it at once.
    package static func timeoutOrigin(of vendor: NASVendor) -> TimeoutOrigin {
        switch vendor {
        case .nokia: .request
        case .generic, .mikrotik, .cisco, .huawei, .juniper, .ubiquiti, .coovachilli: .start
        }
    }

    /// Whether a CoA with these kinds is worth trying.
    package func canChange(_ kinds: Set<ChangeKind>) -> Bool {
        !knows(.takesNoChange) && kinds.isSubset(of: Self.changes(of: vendor))
            && !kinds.contains { knows(.cannotChange($0)) }
    }

    package var takesDisconnect: Bool { !knows(.takesNoDisconnect) }

    /// Whether NAS-IP-Address or NAS-Identifier is told.
    package var tellsNAS: Bool { !knows(.knowsItselfOtherwise) }

    /// Whether Event-Timestamp is told: only where it is wanted. RFC 5176 §6.3 lets a NAS whose clock is wrong pass over such
    /// a packet, and nobody would ever get through to it. hostapd, which is among the generic and behind Ubiquiti, and
    /// Extreme's switches demand it.
    package var isTimestamped: Bool {
        timestamps ?? (knows(.wantsEventTimestamp) || vendor == .generic || vendor == .ubiquiti)
    }

    /// The sets by which that session can be told, the best first: what was proven, then the vendor's order. What was refused
    /// is left out, unless nothing else is left.
    package func sets(for identity: LiveIdentity) -> [IdentitySet] {
        let known = IdentitySet.sets(for: vendor).filter { $0.isKnown(of: identity) }
        let wanted = known.filter { !knows(.refused($0)) }
        guard !wanted.isEmpty else { return known }
        // What may mean several sessions does not overtake what cannot because it worked once.
        let proven = wanted.filter { knows(.proven($0)) && $0.isExact }
        return proven + wanted.filter { !proven.contains($0) }
    }

    package func knows(_ lesson: Lesson) -> Bool { lessons[lesson] != nil }

    /// Takes a lesson in, in the second `time` since 1970; what it contradicts is forgotten. True when it is news.
    @discardableResult
    package mutating func learn(_ lesson: Lesson, at time: Int64) -> Bool {
        switch lesson {
        case .proven(let set): lessons[.refused(set)] = nil
        case .refused(let set): lessons[.proven(set)] = nil
        default: break
        }
        return lessons.updateValue(time, forKey: lesson) == nil
    }

    /// Forgets what was learned before that second.
    package mutating func forget(before time: Int64) { lessons = lessons.filter { $0.value >= time } }
}
