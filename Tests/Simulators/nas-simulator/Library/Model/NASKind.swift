/// The access servers that can be simulated, each with the habits of its kind.
package enum NASKind: String, CaseIterable, Sendable {
    case mikrotik
    case cisco
    case huawei
    case juniper
    case nokia
    case ubiquiti
    case coovachilli
    case accelppp = "accel-ppp"
    case pppd

    /// How Acct-Session-Ids are made up.
    package enum SessionIDs: Sendable {
        /// A counter that begins again when the box boots.
        case counter
        /// A counter behind the time of the boot: never the same twice.
        case bootAndCounter
        /// The second in which the session begins: the same for all that begin in it (pppd 2.4.9).
        case second
        /// Unique, with the place of the port in it.
        case place
    }

    /// How the counters of octets are sent.
    package enum Counters: Sendable {
        /// Acct-*-Gigawords in every report (RFC 2869 §5.1).
        case gigawords
        /// Acct-*-Gigawords only once they are above 0.
        case gigawordsWhenNeeded
        /// 32 bits that wrap.
        case wrapping
    }

    /// What `nexora nas add --vendor` calls it.
    package var vendor: String {
        switch self {
        case .accelppp, .pppd: "generic"
        default: rawValue
        }
    }

    package var sessionIDs: SessionIDs {
        switch self {
        case .mikrotik, .cisco, .juniper, .accelppp: .counter
        case .huawei, .nokia: .place
        case .ubiquiti, .coovachilli: .bootAndCounter
        case .pppd: .second
        }
    }

    package var counters: Counters {
        switch self {
        case .mikrotik, .cisco, .huawei, .juniper, .nokia: .gigawords
        case .coovachilli, .accelppp: .gigawordsWhenNeeded
        case .ubiquiti, .pppd: .wrapping
        }
    }

    /// CoovaChilli counts from the subscriber's side: its input is what the subscriber received.
    package var swapsOctets: Bool { self == .coovachilli }

    /// Whether Class of the Access-Accept comes back in accounting (RFC 2865 §5.25).
    package var echoesClass: Bool { self != .pppd }

    /// Whether it sends Event-Timestamp (RFC 2869 §5.3).
    package var sendsEventTimestamp: Bool { self != .pppd && self != .ubiquiti }

    /// pppd sends no Calling-Station-Id for PPPoE.
    package var sendsCallingStation: Bool { self != .pppd }

    /// Whether it says Accounting-On when it boots. pppd is a process per session and knows no boot.
    package var sendsAccountingOn: Bool { self != .pppd }

    /// hostapd's Stop has no Acct-Terminate-Cause.
    package var sendsTerminateCause: Bool { self != .ubiquiti }

    /// Whether Acct-Input-Packets and Acct-Output-Packets are sent.
    package var sendsPackets: Bool { self != .pppd }

    /// Whether a Message-Authenticator stands in Accounting-Requests too.
    package var signsAccounting: Bool { self == .mikrotik || self == .nokia }

    /// Where it takes CoA and Disconnect: 1700 of RouterOS and IOS, else 3799 (RFC 5176 §2.1).
    package var controlPort: UInt16 { self == .mikrotik || self == .cisco ? 1700 : 3799 }

    /// How it lets subscribers prove themselves.
    package var logins: [LoginMethod] {
        switch self {
        case .mikrotik: [.pap, .chap, .mschapv2]
        case .cisco, .juniper, .nokia, .huawei: [.chap, .pap]
        case .accelppp, .pppd: [.mschapv2, .pap, .chap]
        case .coovachilli: [.chap]
        case .ubiquiti: [.pap]
        }
    }
}

/// How a subscriber proves who he is.
package enum LoginMethod: String, CaseIterable, Sendable {
    case pap
    case chap
    case mschapv2
}
