/// A session as its NAS sees it while it is on: what a CoA or Disconnect finds, and what it changes.
package struct LiveSession: Sendable, Equatable {
    /// Acct-Session-Id.
    package var id: String
    package var username: String
    /// Calling-Station-Id; empty where the NAS knows none.
    package var station: String
    /// Framed-IP-Address, host order.
    package var address: UInt32
    package var port: UInt32
    package var speed: Speed
    /// Session-Timeout in seconds, where one was set.
    package var timeout: UInt32?
    /// Filter-Id, where one was set.
    package var filter: String?
    /// Names and values of what else was changed, in the order of the changes.
    package var others: [String] = []

    package init(
        id: String,
        username: String,
        station: String = "",
        address: UInt32 = 0,
        port: UInt32 = 0,
        speed: Speed = Speed()
    ) {
        self.id = id
        self.username = username
        self.station = station
        self.address = address
        self.port = port
        self.speed = speed
    }
}

/// How fast a session may be.
package struct Speed: Sendable, Equatable {
    /// Bits in a second from the subscriber; nil where only a profile's name is known.
    package var upload: UInt64?
    /// Bits in a second to the subscriber.
    package var download: UInt64?
    /// The profile, policy or service by name, as vendors with named profiles have it.
    package var profile: String?

    package init(upload: UInt64? = nil, download: UInt64? = nil, profile: String? = nil) {
        self.upload = upload
        self.download = download
        self.profile = profile
    }

    /// The first field of Mikrotik-Rate-Limit: `rx[/tx]`, rx being the subscriber's upload; k and M are 10^3 and 10^6.
    package init?(mikrotik text: String) {
        guard let field = text.split(separator: " ").first else { return nil }
        let rates = field.split(separator: "/", omittingEmptySubsequences: false).map { Self.rate($0) }
        guard rates.count <= 2, let upload = rates[0] else { return nil }
        let download = rates.count == 2 ? rates[1] : upload
        guard let download else { return nil }
        self.init(upload: upload, download: download)
    }

    /// Takes over what Cisco-Account-Info says of either direction: `QU;rate;burst;excess;D;rate;burst;excess`. False, and
    /// nothing is taken, where it says neither.
    package mutating func take(ciscoAccount text: String) -> Bool {
        guard text.hasPrefix("Q") else { return false }
        let words = text.dropFirst().split(separator: ";", omittingEmptySubsequences: false)
        func rate(of direction: String) -> UInt64? {
            words.firstIndex { $0 == direction }.flatMap { $0 + 1 < words.count ? UInt64(words[$0 + 1]) : nil }
        }
        guard rate(of: "U") != nil || rate(of: "D") != nil else { return false }
        self = Speed(upload: rate(of: "U") ?? upload, download: rate(of: "D") ?? download)
        return true
    }

    /// Takes over the shaping rate of ERX-CoS-Shaping-Pmt-Type, `T02 rate`; another parameter says nothing of it. False where
    /// it is none.
    package mutating func take(juniperShaping text: String) -> Bool {
        let words = text.split(separator: " ")
        guard words.count == 2, words[0].hasPrefix("T"), let rate = UInt64(words[1]) else { return false }
        if words[0] == "T02" { self = Speed(upload: upload, download: rate) }
        return true
    }

    /// Takes over one direction of Alc-Subscriber-QoS-Override, `E:Q:1:pir=2000,cir=1000`: I is what the subscriber sends, the
    /// unit is kbit/s. False where it is none.
    package mutating func take(nokiaOverride text: String) -> Bool {
        let parts = text.split(separator: ":")
        guard let direction = parts.first?.uppercased(), ["I", "E"].contains(direction), parts.count >= 3 else {
            return false
        }
        let peak = parts[parts.count - 1].split(separator: ",").first { $0.hasPrefix("pir=") }
        guard let peak else { return true }
        guard let kilobits = UInt64(peak.dropFirst(4)) else { return false }
        self =
            direction == "I"
            ? Speed(upload: kilobits * 1000, download: download) : Speed(upload: upload, download: kilobits * 1000)
        return true
    }

    private static func rate(_ text: Substring) -> UInt64? {
        switch text.last {
        case "k": UInt64(text.dropLast()).map { $0 * 1000 }
        case "M": UInt64(text.dropLast()).map { $0 * 1_000_000 }
        default: UInt64(text)
        }
    }
}
