internal import CNATS
internal import Concurrency

/// A message as a stream keeps it, read by its number without a consumer.
package struct StoredMessage: Sendable {
    package let subject: String
    package let payload: [UInt8]
    /// Every header with its first value.
    package let headers: [(name: String, value: String)]
    package let sequence: UInt64
    /// When the stream stored it, microseconds since 1970 UTC.
    package let timeMicroseconds: Int64

    /// The first value of a header; names are case-sensitive.
    package func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}

extension JetStreamAPI {
    /// nil where the stream does not hold it.
    func message(stream: String, sequence: UInt64) throws(NATSError) -> StoredMessage? {
        guard let owned = try raw(stream: stream, sequence: sequence) else { return nil }
        return StoredMessage(
            subject: unsafe owned.subject.map { unsafe String(cString: $0) } ?? "",
            payload: unsafe Array(owned.payload),
            headers: owned.headers(),
            sequence: sequence,
            timeMicroseconds: unsafe natsMsg_GetTime(owned.raw) / 1_000
        )
    }

    /// The newest message on exactly this subject; nil where the stream holds none.
    func lastMessage(stream: String, subject: String) throws(NATSError) -> StoredMessage? {
        try requireConnection("last message of \(stream)")
        var message: OpaquePointer?
        var code = jsErrCode(rawValue: 0)
        let status = unsafe js_GetLastMsg(&message, context, stream, subject, nil, &code)
        if code == JSNoMessageFoundErr || status == NATS_NOT_FOUND { return nil }
        guard status == NATS_OK, let message = unsafe message else {
            throw NATSError(status: status, apiCode: code, doing: "last message of \(subject) in \(stream)")
        }
        let owned = unsafe RawMessage(raw: message)
        return StoredMessage(
            subject: subject,
            payload: owned.copiedPayload(),
            headers: owned.headers(),
            sequence: unsafe natsMsg_GetSequence(owned.raw),
            timeMicroseconds: unsafe natsMsg_GetTime(owned.raw) / 1_000
        )
    }

    /// The subjects that the stream holds messages on, of those that match `filter`.
    func subjects(stream: String, matching filter: String) throws(NATSError) -> [String] {
        try requireConnection("subjects of \(stream)")
        var options = unsafe jsOptions()
        unsafe jsOptions_Init(&options)
        unsafe options.Wait = client.configuration.requestTimeout.wholeMilliseconds
        let arena = CStrings([filter])
        unsafe options.Stream.Info.SubjectsFilter = arena.pointers[0]
        var info: UnsafeMutablePointer<jsStreamInfo>?
        var code = jsErrCode(rawValue: 0)
        let status = unsafe js_GetStreamInfo(&info, context, stream, &options, &code)
        defer { unsafe jsStreamInfo_Destroy(info) }
        if code == JSStreamNotFoundErr || status == NATS_NOT_FOUND { return [] }
        guard status == NATS_OK, let info = unsafe info else {
            throw NATSError(status: status, apiCode: code, doing: "subjects of \(stream)")
        }
        guard let subjects = unsafe info.pointee.State.Subjects, let list = unsafe subjects.pointee.List else {
            return []
        }
        return unsafe (0..<Int(subjects.pointee.Count)).compactMap { index in
            unsafe list[index].Subject.map { unsafe String(cString: $0) }
        }
    }

    /// When the stream stored a message, nanoseconds since 1970 UTC; nil where it does not hold it.
    func messageTime(stream: String, sequence: UInt64) throws(NATSError) -> Int64? {
        guard let owned = try raw(stream: stream, sequence: sequence) else { return nil }
        return unsafe natsMsg_GetTime(owned.raw)
    }

    private func raw(stream: String, sequence: UInt64) throws(NATSError) -> RawMessage? {
        try requireConnection("message of \(stream)")
        var message: OpaquePointer?
        var code = jsErrCode(rawValue: 0)
        let status = unsafe js_GetMsg(&message, context, stream, sequence, nil, &code)
        if code == JSNoMessageFoundErr || status == NATS_NOT_FOUND { return nil }
        guard status == NATS_OK, let message = unsafe message else {
            throw NATSError(status: status, apiCode: code, doing: "message \(sequence) of \(stream)")
        }
        return unsafe RawMessage(raw: message)
    }

    /// Removes one message; false where the stream does not hold it.
    func deleteMessage(stream: String, sequence: UInt64) throws(NATSError) -> Bool {
        guard try messageTime(stream: stream, sequence: sequence) != nil else { return false }
        var code = jsErrCode(rawValue: 0)
        let status = unsafe js_DeleteMsg(context, stream, sequence, nil, &code)
        guard status == NATS_OK else {
            throw NATSError(status: status, apiCode: code, doing: "delete message \(sequence) of \(stream)")
        }
        return true
    }
}
