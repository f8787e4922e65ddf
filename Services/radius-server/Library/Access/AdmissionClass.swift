import Domain
import RADIUS

/// What travels in Class: a NAS echoes it in every accounting record of the session it was admitted with, so the
/// session is known whatever the NAS makes of user names and ids, and so are the terms it was admitted under.
///
/// 45 octets, numbers big endian: "N", format 2, a zero, the decision version (2), the admission id (16), the service id
/// (16), the digest of the terms (8; 0 for none). Format 1, which sessions from before have, ends before the digest: 37
/// octets. Anything else is another server's and is ignored.
struct AdmissionClass: Equatable {
    static let length = 45
    private static let oldLength = 37
    var decisionVersion: UInt16
    var admissionID: UUID128
    var serviceID: UUID128
    /// What the answer said of speed; nil where it said nothing, or nothing is known of it.
    var terms: TermsDigest?

    init(decisionVersion: UInt16, admissionID: UUID128, serviceID: UUID128, terms: TermsDigest?) {
        self.decisionVersion = decisionVersion
        self.admissionID = admissionID
        self.serviceID = serviceID
        self.terms = terms
    }

    /// Reads a Class value; nil when it is not ours.
    init?(_ value: UnsafeRawBufferPointer) {
        guard value.count == Self.length || value.count == Self.oldLength, unsafe value[0] == 0x4e,
            unsafe value[1] == (value.count == Self.length ? 2 : 1)
        else { return nil }
        func word(_ offset: Int) -> UInt64 {
            UInt64(bigEndian: unsafe value.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
        decisionVersion = UInt16(bigEndian: unsafe value.loadUnaligned(fromByteOffset: 3, as: UInt16.self))
        admissionID = UUID128(high: word(5), low: word(13))
        serviceID = UUID128(high: word(21), low: word(29))
        let digest = value.count == Self.length ? word(Self.oldLength) : 0
        terms = digest == 0 ? nil : TermsDigest(rawValue: digest)
    }

    /// Appends the attribute to a reply.
    func append(to reply: inout ReplyWriter) {
        var octets = InlineArray<45, UInt8>(repeating: 0)
        unsafe withUnsafeMutableBytes(of: &octets) { bytes in
            unsafe bytes[0] = 0x4e
            unsafe bytes[1] = 2
            unsafe bytes.storeBytes(of: decisionVersion.bigEndian, toByteOffset: 3, as: UInt16.self)
            unsafe bytes.storeBytes(of: admissionID.high.bigEndian, toByteOffset: 5, as: UInt64.self)
            unsafe bytes.storeBytes(of: admissionID.low.bigEndian, toByteOffset: 13, as: UInt64.self)
            unsafe bytes.storeBytes(of: serviceID.high.bigEndian, toByteOffset: 21, as: UInt64.self)
            unsafe bytes.storeBytes(of: serviceID.low.bigEndian, toByteOffset: 29, as: UInt64.self)
            unsafe bytes.storeBytes(of: (terms?.rawValue ?? 0).bigEndian, toByteOffset: 37, as: UInt64.self)
        }
        unsafe withUnsafeBytes(of: octets) { unsafe reply.append(type: AttributeType.class, $0) }
    }
}
