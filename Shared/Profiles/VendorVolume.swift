package import Domain
package import RADIUS

/// What is left of a volume as the attributes of the vendors whose NASes end a session when it has passed. Pure.
///
/// | vendor | both directions | to the subscriber | from the subscriber |
/// | --- | --- | --- | --- |
/// | MikroTik | Mikrotik-Total-Limit (17), -Gigawords (18) | Mikrotik-Xmit-Limit (2), (15) | Mikrotik-Recv-Limit (1), (14) |
/// | CoovaChilli | ChilliSpot-Max-Total-Octets (3), -Gigawords (23) | ChilliSpot-Max-Output-Octets (2), (22) | ChilliSpot-Max-Input-Octets (1), (21) |
///
/// Octets, the lower 32 bits in the first attribute; what is above them in Gigawords, which are left out where they are 0.
/// CoovaChilli's input and output are what its accounting calls so: in a NAS whose octets are swapped so are these. MikroTik's are the
/// router's own, whatever its accounting says.
package enum VendorVolume {
    /// Whether the vendor's NASes end a session at a volume.
    package static func isKnown(to vendor: NASVendor) -> Bool { vendor == .mikrotik || vendor == .coovachilli }

    /// Whether an attribute is one of these.
    package static func isVolume(vendor: UInt32, type: UInt8) -> Bool {
        switch vendor {
        case Vendor.mikrotik: [1, 2, 14, 15, 17, 18].contains(type)
        case Vendor.chilliSpot: [1, 2, 3, 21, 22, 23].contains(type)
        default: false
        }
    }

    /// Appends the bounds to a reply. Allocates nothing.
    package static func append(
        _ bounds: QuotaBounds,
        for vendor: NASVendor,
        swapped: Bool,
        to reply: inout ReplyWriter
    ) {
        switch vendor {
        case .mikrotik:
            append(
                bounds.total,
                Vendor.mikrotik,
                (MikroTikAttribute.totalLimit, MikroTikAttribute.totalLimitGigawords),
                &reply
            )
            append(
                bounds.download,
                Vendor.mikrotik,
                (MikroTikAttribute.transmitLimit, MikroTikAttribute.transmitLimitGigawords),
                &reply
            )
            append(
                bounds.upload,
                Vendor.mikrotik,
                (MikroTikAttribute.receiveLimit, MikroTikAttribute.receiveLimitGigawords),
                &reply
            )
        case .coovachilli:
            append(bounds.total, Vendor.chilliSpot, (3, 23), &reply)
            append(swapped ? bounds.upload : bounds.download, Vendor.chilliSpot, (2, 22), &reply)
            append(swapped ? bounds.download : bounds.upload, Vendor.chilliSpot, (1, 21), &reply)
        case .generic, .ubiquiti, .cisco, .huawei, .juniper, .nokia: break
        }
    }

    private static func append(
        _ octets: Int64?,
        _ vendor: UInt32,
        _ types: (low: UInt8, gigawords: UInt8),
        _ reply: inout ReplyWriter
    ) {
        guard let octets, octets > 0 else { return }
        reply.appendVendor(vendor: vendor, type: types.low, UInt32(truncatingIfNeeded: octets))
        let gigawords = UInt32(truncatingIfNeeded: octets >> 32)
        if gigawords > 0 { reply.appendVendor(vendor: vendor, type: types.gigawords, gigawords) }
    }
}
