import Domain
import RADIUS

/// What travels in Class: a NAS echoes it in every accounting record of the session it was admitted with, so the
/// session is known whatever the NAS makes of user names and ids.
///
/// 37 octets: "N", format 1, a zero, the decision version (2, big endian), the admission id (16), the service id (16);
/// anything else is another server's and is ignored.
struct AdmissionClass: Equatable {
    static let length = 37
    var decisionVersion: UInt16
    var admissionID: UUID128
    var serviceID: UUID128

    init(decisionVersion: UInt16, admissionID: UUID128, serviceID: UUID128) {
        self.decisionVersion = decisionVersion
        self.admissionID = admissionID
        self.serviceID = serviceID
    }

    /// Reads a Class value; nil when it is not ours.
    init?(_ value: UnsafeRawBufferPointer) {
        guard value.count == Self.length, unsafe value[0] == 0x4e, unsafe value[1] == 1 else { return nil }
        func word(_ offset: Int) -> UInt64 {
            UInt64(bigEndian: unsafe value.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
        decisionVersion = UInt16(bigEndian: unsafe value.loadUnaligned(fromByteOffset: 3, as: UInt16.self))
        admissionID = UUID128(high: word(5), low: word(13))
        serviceID = UUID128(high: word(21), low: word(29))
    }

    /// Appends the attribute to a reply.
    func append(to reply: inout ReplyWriter) {
        var octets = InlineArray<37, UInt8>(repeating: 0)
        unsafe withUnsafeMutableBytes(of: &octets) { bytes in
            unsafe bytes[0] = 0x4e
            unsafe bytes[1] = 1
            unsafe bytes.storeBytes(of: decisionVersion.bigEndian, toByteOffset: 3, as: UInt16.self)
            unsafe bytes.storeBytes(of: admissionID.high.bigEndian, toByteOffset: 5, as: UInt64.self)
            unsafe bytes.storeBytes(of: admissionID.low.bigEndian, toByteOffset: 13, as: UInt64.self)
            unsafe bytes.storeBytes(of: serviceID.high.bigEndian, toByteOffset: 21, as: UInt64.self)
            unsafe bytes.storeBytes(of: serviceID.low.bigEndian, toByteOffset: 29, as: UInt64.self)
        }
        unsafe withUnsafeBytes(of: octets) { unsafe reply.append(type: AttributeType.class, $0) }
    }
}
