package import Domain
package import WireFormat

/// An address was found with two services, or reported by one that it was not given to: nexora.ipam.v1.AddressConflict on
/// `ipam.conflict.<tenant>`.
package struct AddressConflict: EventPayload, Hashable {
    package static let type = "nexora.ipam.v1.AddressConflict"
    package static let subject = "ipam.conflict"

    /// With its length: `192.0.2.7/32`, `2001:db8::/56`.
    package var unit: String
    package var poolID: PoolID?
    /// Who has it as far as the pools go.
    package var holderServiceID: ServiceID?
    /// Who claims or reports it.
    package var serviceID: ServiceID?
    package var nasID: NASID?
    /// A stable word such as `reserved`, `claimed` or `reported`.
    package var reason: String

    package init(
        unit: String,
        poolID: PoolID? = nil,
        holderServiceID: ServiceID? = nil,
        serviceID: ServiceID? = nil,
        nasID: NASID? = nil,
        reason: String
    ) {
        self.unit = unit
        self.poolID = poolID
        self.holderServiceID = holderServiceID
        self.serviceID = serviceID
        self.nasID = nasID
        self.reason = reason
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("unit", unit)
        writer.member("poolId", present: poolID)
        writer.member("holderServiceId", present: holderServiceID)
        writer.member("serviceId", present: serviceID)
        writer.member("nasId", present: nasID)
        writer.member("reason", reason)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var read = AddressConflict(unit: "", reason: "")
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "unit": read.unit = try reader.text() ?? ""
            case "poolId": read.poolID = try reader.identifier(key)
            case "holderServiceId": read.holderServiceID = try reader.identifier(key)
            case "serviceId": read.serviceID = try reader.identifier(key)
            case "nasId": read.nasID = try reader.identifier(key)
            case "reason": read.reason = try reader.text() ?? ""
            default: try reader.skipValue()
            }
        }
        guard !read.unit.isEmpty else { throw .missingMember("unit") }
        self = read
    }
}
