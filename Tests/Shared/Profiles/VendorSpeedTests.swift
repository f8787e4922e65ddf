import Domain
import Profiles
import RADIUS
import SharedTesting
import Testing

/// The profiles whose octets are pinned: a plain one, one with everything, ten gigabits, odd bits, and none.
private enum Sample: String, CaseIterable, CustomTestStringConvertible {
    case plain, everything, tenGigabit, odd, none

    var testDescription: String { rawValue }

    var profile: SpeedProfile {
        switch self {
        case .plain: SpeedProfile(rate: SpeedPair(download: 50_000_000, upload: 10_000_000))
        case .everything:
            SpeedProfile(
                rate: SpeedPair(download: 20_000_000, upload: 5_000_000),
                burst: .init(
                    rate: SpeedPair(download: 40_000_000, upload: 10_000_000),
                    threshold: SpeedPair(download: 15_000_000, upload: 4_000_000),
                    seconds: 16
                ),
                priority: 3,
                guaranteed: SpeedPair(download: 2_000_000, upload: 1_000_000)
            )
        case .tenGigabit: SpeedProfile(rate: SpeedPair(download: 10_000_000_000, upload: 10_000_000_000))
        case .odd: SpeedProfile(rate: SpeedPair(download: 1_500, upload: 999))
        case .none: .unlimited
        }
    }
}

@Suite struct VendorSpeedTests {
    private func hexadecimal(_ attributes: [Attribute]) -> [String] {
        attributes.map { attribute in
            (attribute.encoded ?? []).map { octet in
                let digits = String(octet, radix: 16)
                return digits.count == 1 ? "0" + digits : digits
            }.joined()
        }
    }

    /// The encoded Vendor-Specific attribute of a text.
    private func text(_ vendor: String, _ type: String, _ text: String) -> String {
        func octet(_ value: Int) -> String { (value < 16 ? "0" : "") + String(value, radix: 16) }
        let octets = text.utf8.map { octet(Int($0)) }.joined()
        return "1a" + octet(text.utf8.count + 8) + vendor + type + octet(text.utf8.count + 2) + octets
    }

    private func expected(_ vendor: NASVendor, _ sample: Sample) -> [String] {
        switch (vendor, sample) {
        case (_, .none): []
        case (.mikrotik, .plain): [text("00003a8c", "08", "10M/50M")]
        case (.mikrotik, .everything): [text("00003a8c", "08", "5M/20M 10M/40M 4M/15M 16/16 3 1M/2M")]
        case (.mikrotik, .tenGigabit): [text("00003a8c", "08", "10000M/10000M")]
        case (.mikrotik, .odd): [text("00003a8c", "08", "999/1500")]
        // Up is 7, down 8; bit/s.
        case (.generic, .plain), (.ubiquiti, .plain): ["1a0c0000372a070600989680", "1a0c0000372a080602faf080"]
        case (.generic, .everything), (.ubiquiti, .everything):
            [
                "1a0c0000372a0506000f4240", "1a0c0000372a0606001e8480", "1a0c0000372a0706004c4b40",
                "1a0c0000372a080601312d00",
            ]
        case (.generic, .tenGigabit), (.ubiquiti, .tenGigabit):
            ["1a0c0000372a0706ffffffff", "1a0c0000372a0806ffffffff"]
        case (.generic, .odd), (.ubiquiti, .odd): ["1a0c0000372a0706000003e7", "1a0c0000372a0806000005dc"]
        case (.cisco, .plain):
            [text("00000009", "fa", "QU;10000000;1875000;3750000;D;50000000;9375000;18750000")]
        case (.cisco, .everything):
            [text("00000009", "fa", "QU;5000000;937500;1875000;D;20000000;3750000;7500000")]
        case (.cisco, .tenGigabit):
            [text("00000009", "fa", "QU;10000000000;512000000;512000000;D;10000000000;512000000;512000000")]
        case (.cisco, .odd): [text("00000009", "fa", "QU;999;1000;2000;D;1500;1000;2000")]
        // Input is the subscriber's upload: 2 and 3; bit/s.
        case (.huawei, .plain):
            [
                "1a0c000007db020600989680", "1a0c000007db030600989680", "1a0c000007db050602faf080",
                "1a0c000007db060602faf080",
            ]
        case (.huawei, .everything):
            [
                "1a0c000007db0206004c4b40", "1a0c000007db030600989680", "1a0c000007db050601312d00",
                "1a0c000007db060602625a00",
            ]
        case (.huawei, .tenGigabit):
            [
                "1a0c000007db0206ffffffff", "1a0c000007db0306ffffffff", "1a0c000007db0506ffffffff",
                "1a0c000007db0606ffffffff",
            ]
        case (.huawei, .odd):
            [
                "1a0c000007db0206000003e7", "1a0c000007db0306000003e7", "1a0c000007db0506000005dc",
                "1a0c000007db0606000005dc",
            ]
        case (.juniper, .plain): [text("0000130a", "6c", "T02 50000000")]
        case (.juniper, .everything): [text("0000130a", "6c", "T02 20000000"), text("0000130a", "6c", "T03 2000000")]
        case (.juniper, .tenGigabit): [text("0000130a", "6c", "T02 10000000000")]
        case (.juniper, .odd): [text("0000130a", "6c", "T02 1500")]
        // kbit/s, counted upwards.
        case (.nokia, .plain): [text("0000197f", "7e", "I:Q:1:pir=10000"), text("0000197f", "7e", "E:Q:1:pir=50000")]
        case (.nokia, .everything):
            [text("0000197f", "7e", "I:Q:1:pir=5000,cir=1000"), text("0000197f", "7e", "E:Q:1:pir=20000,cir=2000")]
        case (.nokia, .tenGigabit):
            [text("0000197f", "7e", "I:Q:1:pir=10000000"), text("0000197f", "7e", "E:Q:1:pir=10000000")]
        case (.nokia, .odd): [text("0000197f", "7e", "I:Q:1:pir=1"), text("0000197f", "7e", "E:Q:1:pir=2")]
        // kbit/s: 10 Gbit/s fit. Up is 4, down 5.
        case (.coovachilli, .plain): ["1a0c000038df040600002710", "1a0c000038df05060000c350"]
        case (.coovachilli, .everything): ["1a0c000038df040600001388", "1a0c000038df050600004e20"]
        case (.coovachilli, .tenGigabit): ["1a0c000038df040600989680", "1a0c000038df050600989680"]
        case (.coovachilli, .odd): ["1a0c000038df040600000001", "1a0c000038df050600000002"]
        }
    }

    @Test(.proves("RAD-10", "RAD-11", "PLT-09"), arguments: NASVendor.allCases)
    func `every vendor is told each profile in its own units and directions`(vendor: NASVendor) {
        for sample in Sample.allCases {
            let attributes = VendorSpeed.attributes(sample.profile, for: vendor)
            #expect(hexadecimal(attributes) == expected(vendor, sample), "\(vendor) \(sample)")
        }
    }

    @Test(.proves("RAD-10", "PLT-09"))
    func `what a direction without a limit is told never is a limit`() {
        let profile = SpeedProfile(rate: SpeedPair(download: 8_000_000, upload: 0))
        #expect(VendorSpeed.attributes(profile, for: .cisco) == [.vendor(9, 250, text: "QD;8000000;1500000;3000000")])
        #expect(VendorSpeed.attributes(profile, for: .nokia) == [.vendor(6527, 126, text: "E:Q:1:pir=8000")])
        #expect(VendorSpeed.attributes(profile, for: .coovachilli) == [.vendor(14559, 5, UInt32(8_000))])
        #expect(VendorSpeed.attributes(profile, for: .mikrotik) == [.vendor(14988, 8, text: "0/8M")])
    }

    // MARK: - Units, read back through the dictionary

    /// Bit/s, upload and download, that a vendor reads out of the attributes; nil where it reads none.
    private func read(_ pairs: [AttributePair], _ vendor: NASVendor) -> (up: Int64?, down: Int64?) {
        func number(_ name: String, _ unit: Int64) -> Int64? {
            pairs.first { $0.name == name }.flatMap { Int64($0.text) }.map { $0 * unit }
        }
        func rate(_ text: Substring) -> Int64? {
            switch text.last {
            case "M": Int64(text.dropLast()).map { $0 * 1_000_000 }
            case "k": Int64(text.dropLast()).map { $0 * 1000 }
            default: Int64(text)
            }
        }
        func field(_ attribute: String, _ prefix: String) -> Int64? {
            pairs.filter { $0.name == attribute && $0.text.hasPrefix(prefix) }
                .first { $0.text.dropFirst(prefix.count).first?.isNumber == true }
                .flatMap { Int64($0.text.dropFirst(prefix.count).prefix { $0.isNumber }) }
        }
        switch vendor {
        case .mikrotik:
            guard let text = pairs.first(where: { $0.name == "Mikrotik-Rate-Limit" })?.text else { return (nil, nil) }
            let rates = text.split(separator: " ")[0].split(separator: "/")
            return (rate(rates[0]), rate(rates[1]))
        case .generic, .ubiquiti: return (number("WISPr-Bandwidth-Max-Up", 1), number("WISPr-Bandwidth-Max-Down", 1))
        case .cisco:
            let text = pairs.first { $0.name == "Cisco-Account-Info" }?.text ?? ""
            let parts = text.dropFirst().split(separator: ";")
            func after(_ name: String) -> Int64? { parts.firstIndex { $0 == name }.flatMap { Int64(parts[$0 + 1]) } }
            return (after("U"), after("D"))
        case .huawei: return (number("Huawei-Input-Average-Rate", 1), number("Huawei-Output-Average-Rate", 1))
        case .juniper: return (nil, field("ERX-CoS-Shaping-Pmt-Type", "T02 "))
        case .nokia:
            return (
                field("Alc-Subscriber-QoS-Override", "I:Q:1:pir=").map { $0 * 1000 },
                field("Alc-Subscriber-QoS-Override", "E:Q:1:pir=").map { $0 * 1000 }
            )
        case .coovachilli:
            return (number("ChilliSpot-Bandwidth-Max-Up", 1000), number("ChilliSpot-Bandwidth-Max-Down", 1000))
        }
    }

    @Test(.proves("RAD-10", "RAD-19", "PLT-09"))
    func `a thousand random profiles keep their speeds through the dictionary`() throws {
        let codec = AttributeCodec(try BuiltInDictionary.load())
        var random = SeededRandom()
        for _ in 0..<1000 {
            // From bits to beyond 32 bits of kilobits, evenly over the magnitudes.
            func speed() -> Int64 {
                Int64.random(in: 1...(1 << Int64.random(in: 1...43, using: &random)), using: &random)
            }
            let rate = SpeedPair(download: speed(), upload: speed())
            let profile = SpeedProfile(
                rate: rate,
                priority: Int.random(in: 1...8, using: &random),
                guaranteed: SpeedPair(download: rate.download / 3, upload: rate.upload / 5)
            )
            for vendor in NASVendor.allCases {
                let attributes = VendorSpeed.attributes(profile, for: vendor)
                let pairs = codec.decode(attributes)
                #expect(!pairs.contains { $0.name.hasPrefix("Attr-") }, "\(vendor): \(pairs)")
                #expect(try codec.encode(pairs) == attributes, "\(vendor): \(pairs)")
                let (up, down) = read(pairs, vendor)
                let unit: Int64 = vendor == .nokia || vendor == .coovachilli ? 1000 : 1
                let greatest: Int64 =
                    switch vendor {
                    case .generic, .ubiquiti, .huawei, .coovachilli: Int64(UInt32.max) * unit
                    default: .max
                    }
                func heard(_ value: Int64) -> Int64 { min((value + unit - 1) / unit * unit, greatest) }
                #expect(down == heard(rate.download), "\(vendor) \(rate) \(pairs)")
                if vendor != .juniper { #expect(up == heard(rate.upload), "\(vendor) \(rate) \(pairs)") }
            }
        }
    }
}
