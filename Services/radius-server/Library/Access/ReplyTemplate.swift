import Domain
import RADIUS

/// The attributes of a plan as one vendor understands them, encoded for copying into an Access-Accept (RAD-11, RAD-12).
enum ReplyTemplate {
    private static let framedUser: UInt32 = 2
    private static let ppp: UInt32 = 1
    private static let mikrotikRateLimit: UInt8 = 8
    private static let mikrotikAddressList: UInt8 = 19
    private static let wisprMaxUp: UInt8 = 7
    private static let wisprMaxDown: UInt8 = 8

    static func encode(_ plan: PlanRow, for vendor: NASVendor) -> [UInt8] {
        var attributes = AttributeBytes()
        attributes.add(AttributeType.serviceType, framedUser)
        attributes.add(AttributeType.framedProtocol, ppp)
        attributes.add(AttributeType.acctInterimInterval, plan.interimInterval)
        if let idle = plan.idleTimeout { attributes.add(AttributeType.idleTimeout, idle) }
        for (type, server) in zip([MicrosoftType.primaryDNS, MicrosoftType.secondaryDNS], plan.dnsServers) {
            attributes.add(vendor: Vendor.microsoft, type, server)
        }
        switch vendor {
        case .mikrotik:
            attributes.add(vendor: Vendor.mikrotik, mikrotikRateLimit, text: rateLimit(plan))
            if let list = plan.addressList { attributes.add(vendor: Vendor.mikrotik, mikrotikAddressList, text: list) }
        default:
            // The one pair that most others read; in bit/s, 32 bits wide.
            attributes.add(vendor: Vendor.wispr, wisprMaxUp, UInt32(clamping: plan.uploadBPS))
            attributes.add(vendor: Vendor.wispr, wisprMaxDown, UInt32(clamping: plan.downloadBPS))
        }
        return attributes.octets
    }

    private static func rateLimit(_ plan: PlanRow) -> String {
        MikroTikRateLimit(
            rate: .init(upload: plan.uploadBPS, download: plan.downloadBPS),
            burst: plan.burst.map {
                .init(
                    rate: .init(upload: $0.uploadBPS, download: $0.downloadBPS),
                    threshold: .init(upload: $0.thresholdUploadBPS, download: $0.thresholdDownloadBPS),
                    seconds: .init(upload: $0.seconds, download: $0.seconds)
                )
            },
            // 8 is RouterOS' own default: leaving it out keeps a plain limit short.
            priority: plan.priority == 8 ? nil : plan.priority,
            minimum: plan.guaranteedUploadBPS.map {
                .init(upload: $0, download: plan.guaranteedDownloadBPS ?? $0)
            }
        ).text
    }
}

/// Attributes encoded one after another.
struct AttributeBytes {
    private(set) var octets: [UInt8] = []

    mutating func add(_ type: UInt8, _ value: some Collection<UInt8>) {
        precondition(value.count <= 253, "an attribute holds at most 253 octets")
        octets.append(type)
        octets.append(UInt8(value.count + 2))
        octets.append(contentsOf: value)
    }

    mutating func add(_ type: UInt8, _ value: UInt32) { add(type, Self.bigEndian(value)) }

    mutating func add(_ type: UInt8, text: String) { add(type, Array(text.utf8)) }

    mutating func add(vendor: UInt32, _ type: UInt8, _ value: some Collection<UInt8>) {
        add(AttributeType.vendorSpecific, Self.bigEndian(vendor) + [type, UInt8(value.count + 2)] + value)
    }

    mutating func add(vendor: UInt32, _ type: UInt8, _ value: UInt32) {
        add(vendor: vendor, type, Self.bigEndian(value))
    }

    mutating func add(vendor: UInt32, _ type: UInt8, text: String) { add(vendor: vendor, type, Array(text.utf8)) }

    private static func bigEndian(_ value: UInt32) -> [UInt8] {
        [UInt8(value >> 24), UInt8(value >> 16 & 255), UInt8(value >> 8 & 255), UInt8(value & 255)]
    }
}
