import Domain
import RADIUS

/// What travels in Class: a NAS echoes it in every accounting record of the session it was admitted with, so the
/// session is known whatever the NAS makes of user names and ids, and so are the terms it was admitted under.
///
/// 49 octets, numbers big endian: "N", format 3, a zero, the decision version (2), the admission id (16), the service id
/// (16), the digest of the terms (8; 0 for none), the second since 1970 in which the session ends by itself because its
/// service does (4; 0 where it ends otherwise, or never). Formats 2 and 1, which sessions from before have, end before the
/// end (45 octets) and before the digest (37). Anything else is another server's and is ignored.
struct AdmissionClass: Equatable {
    static let length = 49
    var decisionVersion: UInt16
    var admissionID: UUID128
    var serviceID: UUID128
    /// What the answer said of speed; nil where it said nothing, or nothing is known of it.
    var terms: TermsDigest?
    /// When the session ends by itself because its service does, in seconds since 1970; 0 where it does not, or nobody knows.
    var endsAt: UInt32

    init(
        decisionVersion: UInt16,
        admissionID: UUID128,
        serviceID: UUID128,
        terms: TermsDigest?,
        endsAt: UInt32 = 0
    ) {
        self.decisionVersion = decisionVersion
        self.admissionID = admissionID
        self.serviceID = serviceID
        self.terms = terms
        self.endsAt = endsAt
    }

    /// Reads a Class value; nil when it is not ours.
    init?(_ value: UnsafeRawBufferPointer) {
        guard value.count >= 37, unsafe value[0] == 0x4e else { return nil }
        let format = unsafe value[1]
        switch (format, value.count) {
        case (1, 37), (2, 45), (3, Self.length): break
        default: return nil
        }
        func word(_ offset: Int) -> UInt64 {
            UInt64(bigEndian: unsafe value.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
        decisionVersion = UInt16(bigEndian: unsafe value.loadUnaligned(fromByteOffset: 3, as: UInt16.self))
        admissionID = UUID128(high: word(5), low: word(13))
        serviceID = UUID128(high: word(21), low: word(29))
        let digest = format >= 2 ? word(37) : 0
        terms = digest == 0 ? nil : TermsDigest(rawValue: digest)
        endsAt = format >= 3 ? UInt32(bigEndian: unsafe value.loadUnaligned(fromByteOffset: 45, as: UInt32.self)) : 0
    }

    /// Appends the attribute to a reply.
    func append(to reply: inout ReplyWriter) {
        var octets = InlineArray<49, UInt8>(repeating: 0)
        unsafe withUnsafeMutableBytes(of: &octets) { bytes in
            unsafe bytes[0] = 0x4e
            unsafe bytes[1] = 3
            unsafe bytes.storeBytes(of: decisionVersion.bigEndian, toByteOffset: 3, as: UInt16.self)
            unsafe bytes.storeBytes(of: admissionID.high.bigEndian, toByteOffset: 5, as: UInt64.self)
            unsafe bytes.storeBytes(of: admissionID.low.bigEndian, toByteOffset: 13, as: UInt64.self)
            unsafe bytes.storeBytes(of: serviceID.high.bigEndian, toByteOffset: 21, as: UInt64.self)
            unsafe bytes.storeBytes(of: serviceID.low.bigEndian, toByteOffset: 29, as: UInt64.self)
            unsafe bytes.storeBytes(of: (terms?.rawValue ?? 0).bigEndian, toByteOffset: 37, as: UInt64.self)
            unsafe bytes.storeBytes(of: endsAt.bigEndian, toByteOffset: 45, as: UInt32.self)
        }
        unsafe withUnsafeBytes(of: octets) { unsafe reply.append(type: AttributeType.class, $0) }
    }
}
