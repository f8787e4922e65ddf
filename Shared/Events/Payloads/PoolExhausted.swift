package import Domain
package import WireFormat

/// A login was refused because every unit of a pool is out: nexora.ipam.v1.PoolExhausted on `ipam.exhausted.<tenant>`.
/// Rate-limited: ``count`` logins stand behind one event.
package struct PoolExhausted: EventPayload, Hashable {
    package static let type = "nexora.ipam.v1.PoolExhausted"
    package static let subject = "ipam.exhausted"

    package var poolID: PoolID
    package var poolName: String
    package var nasID: NASID?
    /// The service of the last login that was refused.
    package var serviceID: ServiceID?
    /// How many refused logins stand behind this event.
    package var count: UInt64

    package init(
        poolID: PoolID,
        poolName: String,
        nasID: NASID? = nil,
        serviceID: ServiceID? = nil,
        count: UInt64
    ) {
        self.poolID = poolID
        self.poolName = poolName
        self.nasID = nasID
        self.serviceID = serviceID
        self.count = count
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("poolId", poolID)
        writer.member("poolName", poolName)
        writer.member("nasId", present: nasID)
        writer.member("serviceId", present: serviceID)
        writer.member("count", count)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var poolID: PoolID?
        var read = PoolExhausted(poolID: PoolID(.zero), poolName: "", count: 0)
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "poolId": poolID = try reader.identifier(key)
            case "poolName": read.poolName = try reader.text() ?? ""
            case "nasId": read.nasID = try reader.identifier(key)
            case "serviceId": read.serviceID = try reader.identifier(key)
            case "count": read.count = try reader.unsigned64() ?? 0
            default: try reader.skipValue()
            }
        }
        read.poolID = try required(poolID, "poolId")
        self = read
    }
}
