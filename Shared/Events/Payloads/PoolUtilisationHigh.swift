package import Domain
package import WireFormat

/// More than nine tenths of a pool's units are out, told once until it is below eight and a half again:
/// nexora.ipam.v1.PoolUtilisationHigh on `ipam.utilisation_high.<tenant>`.
package struct PoolUtilisationHigh: EventPayload, Hashable {
    package static let type = "nexora.ipam.v1.PoolUtilisationHigh"
    package static let subject = "ipam.utilisation_high"

    package var poolID: PoolID
    package var poolName: String
    package var used: Int64
    package var usable: Int64

    package init(
        poolID: PoolID,
        poolName: String,
        used: Int64,
        usable: Int64
    ) {
        self.poolID = poolID
        self.poolName = poolName
        self.used = used
        self.usable = usable
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("poolId", poolID)
        writer.member("poolName", poolName)
        writer.member("used", used)
        writer.member("usable", usable)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var poolID: PoolID?
        var read = PoolUtilisationHigh(poolID: PoolID(.zero), poolName: "", used: 0, usable: 0)
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "poolId": poolID = try reader.identifier(key)
            case "poolName": read.poolName = try reader.text() ?? ""
            case "used": read.used = try reader.count(key) ?? 0
            case "usable": read.usable = try reader.count(key) ?? 0
            default: try reader.skipValue()
            }
        }
        read.poolID = try required(poolID, "poolId")
        self = read
    }
}
