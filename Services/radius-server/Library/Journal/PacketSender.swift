import Domain
import RADIUS

/// Who sent a journalled packet: the NAS as the directory knows it, and what the packet itself names it, in which the
/// devices behind one range of addresses differ. Valid as long as the packet's octets are.
@safe struct PacketSender: Hashable {
    private let nas: UUID128
    /// The packet's NAS-Identifier and NAS-IP-Address as they were sent. An empty one is not the same as none.
    private let identifier: UnsafeRawBufferPointer?
    private let address: UnsafeRawBufferPointer?

    init(_ packet: JournalledPacket) {
        nas = packet.record.nasID
        // Read as the encoder does, so that what it reads of one sender is one name and one address.
        let view = unsafe try? PacketView(validating: packet.octets)
        unsafe identifier = view?.first(AttributeType.nasIdentifier)
        unsafe address = view?.first(AttributeType.nasIPAddress)
    }

    static func == (left: PacketSender, right: PacketSender) -> Bool {
        let names = unsafe isSame(left.identifier, right.identifier) && isSame(left.address, right.address)
        return names && left.nas == right.nas
    }

    private static func isSame(_ left: UnsafeRawBufferPointer?, _ right: UnsafeRawBufferPointer?) -> Bool {
        switch unsafe (left, right) {
        case (nil, nil): true
        case (let left?, let right?): unsafe left.elementsEqual(right)
        default: false
        }
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(nas)
        if let identifier = unsafe identifier { unsafe hasher.combine(bytes: identifier) }
        if let address = unsafe address { unsafe hasher.combine(bytes: address) }
    }
}
