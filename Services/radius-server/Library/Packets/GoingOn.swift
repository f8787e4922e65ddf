import RADIUS

/// Which packets are served first when logins queue up (README, overload).
enum GoingOn {
    /// A packet that goes on with a login (it carries State) or asks whether the server lives. Reads octets that nobody has
    /// proven or validated: what it cannot read is no such packet.
    static func isGoingOn(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count >= PacketView.headerLength else { return false }
        let code = unsafe bytes[0]
        if code == PacketCode.statusServer.rawValue { return true }
        guard code == PacketCode.accessRequest.rawValue else { return false }
        let end = unsafe min(bytes.count, Int(bytes[2]) << 8 | Int(bytes[3]))
        var offset = PacketView.headerLength
        while offset + 2 <= end {
            if unsafe bytes[offset] == AttributeType.state { return true }
            let length = unsafe Int(bytes[offset + 1])
            guard length >= 2 else { return false }
            offset += length
        }
        return false
    }
}
