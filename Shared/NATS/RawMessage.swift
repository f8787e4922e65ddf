internal import CNATS
internal import Glibc

/// A message as libnats holds it; freed when this value ends.
/// SAFETY: the pointer is owned by this value alone.
@safe struct RawMessage: ~Copyable {
    let raw: OpaquePointer

    deinit { unsafe natsMsg_Destroy(raw) }

    /// The subject it was published on; for status messages the inbox that it answers.
    var subject: UnsafePointer<CChar>? { unsafe natsMsg_GetSubject(raw) }

    /// Where an acknowledgement goes; nil for status messages.
    var reply: UnsafePointer<CChar>? { unsafe natsMsg_GetReply(raw) }

    /// Valid as long as this value.
    var payload: UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(start: natsMsg_GetData(raw), count: Int(natsMsg_GetDataLength(raw)))
    }

    /// The payload's octets. For who has no name for this value: a pointer into it would outlive it.
    func copiedPayload() -> [UInt8] { unsafe Array(payload) }

    /// The subject it was published on.
    func copiedSubject() -> String? { unsafe subject.map { unsafe String(cString: $0) } }

    /// Where an answer goes; nil where none is wanted.
    func copiedReply() -> String? { unsafe reply.map { unsafe String(cString: $0) } }

    /// The first value of a header. Parses all headers on its first use, so one thread only.
    func header(_ name: String) -> String? {
        var value: UnsafePointer<CChar>?
        guard unsafe natsMsgHeader_Get(raw, name, &value) == NATS_OK, let value = unsafe value else { return nil }
        return unsafe String(cString: value)
    }

    /// Every header with its first value.
    func headers() -> [(name: String, value: String)] {
        var keys: UnsafeMutablePointer<UnsafePointer<CChar>?>?
        var count: Int32 = 0
        guard unsafe natsMsgHeader_Keys(raw, &keys, &count) == NATS_OK, let keys = unsafe keys else { return [] }
        defer { unsafe free(keys) }
        return (0..<Int(count)).compactMap { index in
            var value: UnsafePointer<CChar>?
            guard let key = unsafe keys[index], unsafe natsMsgHeader_Get(raw, key, &value) == NATS_OK,
                let value = unsafe value
            else { return nil }
            return unsafe (String(cString: key), String(cString: value))
        }
    }
}
