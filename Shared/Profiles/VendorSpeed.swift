package import Domain
package import RADIUS

/// A speed profile as the attributes of each vendor: for Access-Accepts and for CoA alike. Pure.
///
/// | vendor | attributes | unit |
/// | --- | --- | --- |
/// | MikroTik | Mikrotik-Rate-Limit, with burst, priority and guarantee | text; the router's rx, our upload, first |
/// | generic, Ubiquiti | WISPr-Bandwidth-Max-Up, -Down; -Min- for a guarantee | bit/s, at most 2^32 - 1 |
/// | Cisco | Cisco-Account-Info `QU;…;D;…` | bit/s, bursts in octets |
/// | Huawei | Input- (upload) and Output-Average-Rate and -Peak-Rate | bit/s, at most 2^32 - 1 |
/// | Juniper | ERX-CoS-Shaping-Pmt-Type T02, T03 for a guarantee | text, bit/s, download only |
/// | Nokia | Alc-Subscriber-QoS-Override for queue 1 in both directions | text, kbit/s |
/// | CoovaChilli | ChilliSpot-Bandwidth-Max-Up, -Down | kbit/s, at most 2^32 - 1 |
///
/// Bits that do not fill a kilobit count as one, so that nobody gets less than he pays for, and no limit becomes 0, which
/// means none. What is more than 32 bits hold is the most they hold. Nothing stands for a direction without a limit.
package enum VendorSpeed {
    /// The profile's attributes for that vendor, in the order in which they are sent; none for a profile without limits.
    package static func attributes(_ profile: SpeedProfile, for vendor: NASVendor) -> [Attribute] {
        switch vendor {
        case .mikrotik: mikrotik(profile)
        case .generic, .ubiquiti: wispr(profile)
        case .cisco: cisco(profile)
        case .huawei: huawei(profile)
        case .juniper: juniper(profile)
        case .nokia: nokia(profile)
        case .coovachilli: coovaChilli(profile)
        }
    }

    // MARK: - Vendors

    private static func mikrotik(_ profile: SpeedProfile) -> [Attribute] {
        guard let limit = mikrotikRateLimit(profile) else { return [] }
        return [.vendor(Vendor.mikrotik, MikroTikAttribute.rateLimit, text: limit.text)]
    }

    /// What RouterOS is told, by RADIUS and by its API alike; nil for a profile without limits.
    package static func mikrotikRateLimit(_ profile: SpeedProfile) -> MikroTikRateLimit? {
        guard profile != SpeedProfile(rate: .init(download: 0, upload: 0), priority: profile.priority) else {
            return nil
        }
        return MikroTikRateLimit(
            rate: pair(profile.rate),
            burst: profile.burst.map { burst in
                let seconds = UInt32(clamping: burst.seconds)
                return .init(
                    rate: pair(burst.rate),
                    threshold: pair(burst.threshold),
                    seconds: .init(upload: seconds, download: seconds)
                )
            },
            // 8 is RouterOS' own default: leaving it out keeps a plain limit short.
            priority: profile.priority == 8 ? nil : UInt8(clamping: profile.priority),
            minimum: profile.guaranteed.isNothing ? nil : pair(profile.guaranteed)
        )
    }

    private static func wispr(_ profile: SpeedProfile) -> [Attribute] {
        numbers(
            Vendor.wispr,
            [
                (5, profile.guaranteed.upload), (6, profile.guaranteed.download), (7, profile.rate.upload),
                (8, profile.rate.download),
            ]
        )
    }

    /// ISG takes a policer by number, where a policy by name would have to stand on the router already. Bursts as Cisco
    /// recommends them: what the rate carries in 1.5 s, and twice that.
    private static func cisco(_ profile: SpeedProfile) -> [Attribute] {
        let parts = [("QU", profile.rate.upload), ("D", profile.rate.download)].filter { $0.1 > 0 }.map { name, rate in
            let normal = min(max(rate / 16 * 3, 1000), greatestCiscoBurst)
            return "\(name);\(rate);\(normal);\(min(normal * 2, greatestCiscoBurst))"
        }
        // Q begins the attribute, whichever direction comes first.
        let text = parts.joined(separator: ";")
        return text.isEmpty ? [] : [.vendor(Vendor.cisco, 250, text: text.hasPrefix("Q") ? text : "Q" + text)]
    }

    private static let greatestCiscoBurst: Int64 = 512_000_000

    /// Average is CIR, peak PIR; a PIR is nothing without its CIR. What a burst allows is the peak.
    private static func huawei(_ profile: SpeedProfile) -> [Attribute] {
        let upload = profile.rate.upload
        let download = profile.rate.download
        let peak = profile.burst?.rate ?? profile.rate
        return numbers(
            Vendor.huawei,
            [
                (2, upload), (3, upload == 0 ? 0 : max(peak.upload, upload)), (5, download),
                (6, download == 0 ? 0 : max(peak.download, download)),
            ]
        )
    }

    /// The scheduler's parameters of a dynamic profile. What comes from the subscriber is policed by a service or filter of
    /// the router's own, which has a name and no number: an extra attribute of the plan.
    private static func juniper(_ profile: SpeedProfile) -> [Attribute] {
        [("T02", profile.rate.download), ("T03", profile.guaranteed.download)].filter { $0.1 > 0 }.map { name, rate in
            .vendor(Vendor.juniperERX, 108, text: "\(name) \(rate)")
        }
    }

    private static func nokia(_ profile: SpeedProfile) -> [Attribute] {
        let directions = [
            ("I", profile.rate.upload, profile.guaranteed.upload),
            ("E", profile.rate.download, profile.guaranteed.download),
        ]
        return directions.filter { $0.1 > 0 || $0.2 > 0 }.map { direction, peak, guaranteed in
            var rates: [String] = []
            if peak > 0 { rates.append("pir=\(kilobits(peak))") }
            if guaranteed > 0 { rates.append("cir=\(kilobits(guaranteed))") }
            return .vendor(Vendor.nokia, 126, text: "\(direction):Q:1:" + rates.joined(separator: ","))
        }
    }

    private static func coovaChilli(_ profile: SpeedProfile) -> [Attribute] {
        numbers(Vendor.chilliSpot, [(4, kilobits(profile.rate.upload)), (5, kilobits(profile.rate.download))])
    }

    // MARK: - Units

    private static func kilobits(_ rate: Int64) -> Int64 { rate / 1000 + (rate % 1000 > 0 ? 1 : 0) }

    private static func numbers(_ vendor: UInt32, _ values: [(type: UInt8, value: Int64)]) -> [Attribute] {
        values.filter { $0.value > 0 }.map { .vendor(vendor, $0.type, UInt32(clamping: $0.value)) }
    }

    private static func pair(_ speeds: SpeedPair) -> MikroTikRateLimit.Pair<UInt64> {
        .init(upload: UInt64(clamping: speeds.upload), download: UInt64(clamping: speeds.download))
    }
}

extension SpeedPair {
    fileprivate var isNothing: Bool { download <= 0 && upload <= 0 }
}
