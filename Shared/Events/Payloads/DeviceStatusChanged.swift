package import Domain
package import WireFormat

/// A device went offline, answers again, or is not checked any more: nexora.device.v1.DeviceStatusChanged on
/// `device.status_changed.<tenant>`. The database's triggers write its data, in the commit that changes the status.
package struct DeviceStatusChanged: EventPayload, Hashable {
    package static let type = "nexora.device.v1.DeviceStatusChanged"
    package static let subject = "device.status_changed"

    package var deviceID: DeviceID
    package var deviceName: String
    /// What it is, such as `router`.
    package var kind: String
    package var status: DeviceStatus
    package var before: DeviceStatus
    package var at: Timestamp
    /// When it answered last; nil where it never did.
    package var lastSeenAt: Timestamp?
    /// What the last check met, such as `timed_out`; empty where the device answered.
    package var reason: String
    /// The NAS that it is.
    package var nasID: NASID?

    package init(
        deviceID: DeviceID,
        deviceName: String,
        kind: String,
        status: DeviceStatus,
        before: DeviceStatus,
        at: Timestamp,
        lastSeenAt: Timestamp? = nil,
        reason: String = "",
        nasID: NASID? = nil
    ) {
        self.deviceID = deviceID
        self.deviceName = deviceName
        self.kind = kind
        self.status = status
        self.before = before
        self.at = at
        self.lastSeenAt = lastSeenAt
        self.reason = reason
        self.nasID = nasID
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("deviceId", deviceID)
        writer.member("deviceName", deviceName)
        writer.member("kind", kind)
        writer.member("status", status)
        writer.member("before", before)
        writer.member("at", at)
        writer.member("lastSeenAt", present: lastSeenAt)
        writer.member("reason", reason)
        writer.member("nasId", present: nasID)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var device: DeviceID?
        var (status, before): (DeviceStatus?, DeviceStatus?)
        var at: Timestamp?
        var read = DeviceStatusChanged(
            deviceID: DeviceID(.zero),
            deviceName: "",
            kind: "",
            status: .unknown,
            before: .unknown,
            at: .epoch
        )
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "deviceId": device = try reader.identifier(key)
            case "deviceName": read.deviceName = try reader.text() ?? ""
            case "kind": read.kind = try reader.text() ?? ""
            case "status": status = try reader.choice(key)
            case "before": before = try reader.choice(key)
            case "at": at = try reader.timestamp(key)
            case "lastSeenAt": read.lastSeenAt = try reader.timestamp(key)
            case "reason": read.reason = try reader.text() ?? ""
            case "nasId": read.nasID = try reader.identifier(key)
            default: try reader.skipValue()
            }
        }
        read.deviceID = try required(device, "deviceId")
        read.status = try required(status, "status")
        read.before = try required(before, "before")
        read.at = try required(at, "at")
        self = read
    }
}

extension DeviceStatus: ProtoEnum {
    var protoName: StaticString {
        switch self {
        case .online: "ONLINE"
        case .offline: "OFFLINE"
        case .unknown: "UNKNOWN"
        }
    }

    var protoNumber: UInt64 {
        switch self {
        case .online: 1
        case .offline: 2
        case .unknown: 3
        }
    }
}
