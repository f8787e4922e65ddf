/// What the server said about one published message.
package enum AckResult: Sendable, Equatable {
    /// Stored, now or, where `duplicate`, by an earlier send within the stream's duplicate window.
    case acknowledged(sequence: UInt64, duplicate: Bool)
    /// Nobody knows: it may be stored or not. Send it again with the same message id.
    case unknown
    /// Not stored, with the server's reason: the stream is full, the message too large, or no stream listens there.
    /// What must not be lost is sent again after a pause.
    case refused(String)
}

/// Reads JetStream's publish acknowledgement, `{"stream":"A","seq":7,"duplicate":true}` or
/// `{"error":{"code":503,"err_code":10077,"description":"..."},...}`, without building a tree: this runs once per
/// message. Members are found by name at any depth, which is unambiguous for these two shapes: stream names cannot
/// hold a quote.
enum PubAck {
    static func parse(_ bytes: RawSpan) -> AckResult {
        if let start = value(of: "\"error\"", in: bytes), octet(bytes, start) == UInt8(ascii: "{") {
            return .refused(description(in: bytes) ?? "the server gave no reason")
        }
        guard let start = value(of: "\"seq\"", in: bytes) else { return .unknown }
        var sequence: UInt64 = 0
        var index = start
        while index < bytes.byteCount {
            let digit = octet(bytes, index) &- UInt8(ascii: "0")
            if digit > 9 { break }
            let (product, overflow) = sequence.multipliedReportingOverflow(by: 10)
            if overflow { return .unknown }
            sequence = product &+ UInt64(digit)
            index += 1
        }
        guard sequence > 0 else { return .unknown }
        let flag = value(of: "\"duplicate\"", in: bytes)
        return .acknowledged(sequence: sequence, duplicate: flag.map { octet(bytes, $0) } == UInt8(ascii: "t"))
    }

    /// The offset of the first octet of a member's value.
    private static func value(of member: StaticString, in bytes: RawSpan) -> Int? {
        let length = member.utf8CodeUnitCount
        var at = 0
        while at + length < bytes.byteCount {
            if octet(bytes, at) == UInt8(ascii: "\""), matches(member, in: bytes, at: at) {
                var index = at + length
                while index < bytes.byteCount, isSpaceOrColon(octet(bytes, index)) { index += 1 }
                return index < bytes.byteCount ? index : nil
            }
            at += 1
        }
        return nil
    }

    private static func matches(_ member: StaticString, in bytes: RawSpan, at offset: Int) -> Bool {
        for index in 0..<member.utf8CodeUnitCount where unsafe member.utf8Start[index] != octet(bytes, offset + index) {
            return false
        }
        return true
    }

    /// The error's text up to its closing quote; escapes stay as they are written.
    private static func description(in bytes: RawSpan) -> String? {
        guard let start = value(of: "\"description\"", in: bytes), octet(bytes, start) == UInt8(ascii: "\"") else {
            return nil
        }
        var text: [UInt8] = []
        var index = start + 1
        while index < bytes.byteCount, octet(bytes, index) != UInt8(ascii: "\"") {
            text.append(octet(bytes, index))
            index += 1
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func isSpaceOrColon(_ octet: UInt8) -> Bool {
        octet == UInt8(ascii: ":") || octet == UInt8(ascii: " ")
    }

    private static func octet(_ bytes: RawSpan, _ index: Int) -> UInt8 {
        unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self)
    }
}
