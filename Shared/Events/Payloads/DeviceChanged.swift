package import Domain
package import WireFormat

/// A device was added, changed or removed: nexora.device.v1.DeviceChanged on `device.changed.<tenant>`. It carries an id and a version,
/// never a value: readers fetch what they need. The database's triggers write its data.
package struct DeviceChanged: EventPayload, Hashable {
    package static let type = "nexora.device.v1.DeviceChanged"
    package static let subject = "device.changed"

    package var deviceID: DeviceID
    /// Of two changes of one device the one with the higher version is the newer; deletions draw one too.
    package var version: Int64
    package var deleted: Bool

    package init(deviceID: DeviceID, version: Int64, deleted: Bool = false) {
        self.deviceID = deviceID
        self.version = version
        self.deleted = deleted
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("deviceId", deviceID)
        writer.member("version", version)
        writer.member("deleted", deleted)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var device: DeviceID?
        var read = DeviceChanged(deviceID: DeviceID(.zero), version: 0)
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "deviceId": device = try reader.identifier(key)
            case "version": read.version = try reader.count(key) ?? 0
            case "deleted": read.deleted = try reader.flag() ?? false
            default: try reader.skipValue()
            }
        }
        read.deviceID = try required(device, "deviceId")
        self = read
    }
}
