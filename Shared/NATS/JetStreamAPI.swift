internal import CNATS
internal import Concurrency

/// JetStream's administrative requests. Each call blocks until the server answered or the request's time is over, so
/// they run on threads made for that.
/// SAFETY: a jsCtx locks itself; this object owns it and frees it once, in deinit.
@safe final class JetStreamAPI: @unchecked Sendable {
    let context: OpaquePointer
    let client: NATSClient

    init(_ client: NATSClient) throws(NATSError) {
        var options = unsafe jsOptions()
        unsafe jsOptions_Init(&options)
        unsafe options.Wait = client.configuration.requestTimeout.wholeMilliseconds
        var context: OpaquePointer?
        try unsafe natsConnection_JetStream(&context, client.handle.raw, &options).orThrow("JetStream")
        guard let context = unsafe context else { throw NATSError(.other, "JetStream: no context") }
        unsafe self.context = context
        self.client = client
    }

    deinit { unsafe jsCtx_Destroy(context) }

    /// Requests sent while disconnected would wait for their whole time.
    func requireConnection(_ operation: String) throws(NATSError) {
        guard client.status.isConnected else { throw NATSError(.disconnected, "\(operation): not connected") }
    }

    // MARK: Streams

    /// nil where there is no such stream.
    func streamInfo(_ name: String) throws(NATSError) -> StreamInfo? {
        try unsafe withStreamInfo(name) { info in unsafe StreamInfo(info) }
    }

    private func withStreamInfo<Result>(
        _ name: String,
        _ body: (UnsafePointer<jsStreamInfo>) throws(NATSError) -> Result
    ) throws(NATSError) -> Result? {
        try requireConnection("stream \(name)")
        var info: UnsafeMutablePointer<jsStreamInfo>?
        var code = jsErrCode(rawValue: 0)
        let status = unsafe js_GetStreamInfo(&info, context, name, nil, &code)
        defer { unsafe jsStreamInfo_Destroy(info) }
        if code == JSStreamNotFoundErr || status == NATS_NOT_FOUND { return nil }
        guard status == NATS_OK, let info = unsafe info else {
            throw NATSError(status: status, apiCode: code, doing: "stream \(name)")
        }
        return try unsafe body(UnsafePointer(info))
    }

    /// Makes the stream, or brings its settings in line. Throws `.destructiveChange`, naming the settings, where that
    /// would lose messages or cannot be done in place; nothing is changed then.
    func ensureStream(_ wanted: StreamConfiguration) throws(NATSError) -> EnsureResult {
        let existing = try unsafe withStreamInfo(wanted.name) { info throws(NATSError) -> EnsureResult in
            guard let configuration = unsafe info.pointee.Config else {
                throw NATSError(.other, "stream \(wanted.name): the server told no settings")
            }
            let current = unsafe StreamSettings(configuration.pointee)
            let (changed, destructive) = current.differences(from: StreamSettings(wanted))
            if changed.isEmpty { return .unchanged }
            guard destructive.isEmpty else {
                let names = destructive.joined(separator: ", ")
                throw NATSError(.destructiveChange, "stream \(wanted.name): would lose data or cannot change: \(names)")
            }
            // Starts from the server's settings, so that those this package does not know stay as they are.
            try unsafe write(wanted, configuration.pointee, "update", js_UpdateStream)
            return .updated(changed)
        }
        if let existing { return existing }
        var fresh = unsafe jsStreamConfig()
        unsafe jsStreamConfig_Init(&fresh)
        do throws(NATSError) { try unsafe write(wanted, fresh, "create", js_AddStream) } catch {
            // Another daemon may have made it a moment ago.
            guard error.apiCode == JSStreamNameExistErr.rawValue else { throw error }
            return try ensureStream(wanted)
        }
        return .created
    }

    private typealias StreamCall = (
        UnsafeMutablePointer<UnsafeMutablePointer<jsStreamInfo>?>?, OpaquePointer?,
        UnsafeMutablePointer<jsStreamConfig>?, UnsafeMutablePointer<jsOptions>?, UnsafeMutablePointer<jsErrCode>?
    ) -> natsStatus

    private func write(
        _ wanted: StreamConfiguration,
        _ base: jsStreamConfig,
        _ verb: String,
        _ call: StreamCall
    ) throws(NATSError) {
        let subjects = CStrings(wanted.subjects)
        let settings = StreamSettings(wanted)
        var configuration = unsafe base
        unsafe configuration.Name = subjects.copy(wanted.name)
        unsafe configuration.Subjects = subjects.pointers
        unsafe configuration.SubjectsLen = Int32(wanted.subjects.count)
        unsafe configuration.Retention = wanted.retention == .workQueue ? js_WorkQueuePolicy : js_LimitsPolicy
        unsafe configuration.MaxAge = settings.maximumAge
        unsafe configuration.MaxBytes = settings.maximumBytes
        unsafe configuration.Discard = js_DiscardNew
        unsafe configuration.Storage = js_FileStorage
        unsafe configuration.Replicas = settings.replicas
        unsafe configuration.Duplicates = settings.duplicateWindow
        var code = jsErrCode(rawValue: 0)
        let status = unsafe call(nil, context, &configuration, nil, &code)
        withExtendedLifetime(subjects) {}
        guard status == NATS_OK else {
            throw NATSError(status: status, apiCode: code, doing: "\(verb) stream \(wanted.name)")
        }
    }

    /// Removes a stream with all its messages.
    func deleteStream(_ name: String) throws(NATSError) {
        try requireConnection("delete stream \(name)")
        var code = jsErrCode(rawValue: 0)
        let status = unsafe js_DeleteStream(context, name, nil, &code)
        guard status == NATS_OK else { throw NATSError(status: status, apiCode: code, doing: "delete stream \(name)") }
    }

    /// Removes all messages of a stream; the sequence goes on.
    func purgeStream(_ name: String) throws(NATSError) {
        try requireConnection("purge stream \(name)")
        var code = jsErrCode(rawValue: 0)
        let status = unsafe js_PurgeStream(context, name, nil, &code)
        guard status == NATS_OK else { throw NATSError(status: status, apiCode: code, doing: "purge stream \(name)") }
    }
}
