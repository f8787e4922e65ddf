package import Domain
package import WireFormat

/// A service was bound to the first device that used it: nexora.access.v1.DeviceBound on `access.device_bound.<tenant>`.
package struct DeviceBound: EventPayload, Hashable {
    package static let type = "nexora.access.v1.DeviceBound"
    package static let subject = "access.device_bound"

    package var serviceID: ServiceID
    package var username: String
    /// Lower case with colons.
    package var hardwareAddress: String
    /// How often the binding was reset before.
    package var bindingGeneration: UInt32
    package var nasID: NASID?

    package init(
        serviceID: ServiceID,
        username: String,
        hardwareAddress: String,
        bindingGeneration: UInt32,
        nasID: NASID? = nil
    ) {
        self.serviceID = serviceID
        self.username = username
        self.hardwareAddress = hardwareAddress
        self.bindingGeneration = bindingGeneration
        self.nasID = nasID
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("serviceId", serviceID)
        writer.member("username", username)
        writer.member("hardwareAddress", hardwareAddress)
        writer.member("bindingGeneration", bindingGeneration)
        writer.member("nasId", present: nasID)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var serviceID: ServiceID?
        var read = DeviceBound(serviceID: ServiceID(.zero), username: "", hardwareAddress: "", bindingGeneration: 0)
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "serviceId": serviceID = try reader.identifier(key)
            case "username": read.username = try reader.text() ?? ""
            case "hardwareAddress": read.hardwareAddress = try reader.text() ?? ""
            case "bindingGeneration": read.bindingGeneration = try reader.unsigned32(key) ?? 0
            case "nasId": read.nasID = try reader.identifier(key)
            default: try reader.skipValue()
            }
        }
        read.serviceID = try required(serviceID, "serviceId")
        self = read
    }
}
