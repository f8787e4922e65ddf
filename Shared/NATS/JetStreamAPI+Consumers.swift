internal import CNATS
internal import Concurrency

extension JetStreamAPI {
    /// nil where there is no such consumer or stream.
    func consumerInfo(stream: String, consumer: String) throws(NATSError) -> ConsumerInfo? {
        try unsafe withConsumerInfo(stream, consumer) { unsafe ConsumerInfo($0) }
    }

    private func withConsumerInfo<Result>(
        _ stream: String,
        _ consumer: String,
        _ body: (UnsafePointer<jsConsumerInfo>) throws(NATSError) -> Result
    ) throws(NATSError) -> Result? {
        try requireConnection("consumer \(consumer) of \(stream)")
        var info: UnsafeMutablePointer<jsConsumerInfo>?
        var code = jsErrCode(rawValue: 0)
        let status = unsafe js_GetConsumerInfo(&info, context, stream, consumer, nil, &code)
        defer { unsafe jsConsumerInfo_Destroy(info) }
        if code == JSConsumerNotFoundErr || code == JSStreamNotFoundErr || status == NATS_NOT_FOUND { return nil }
        guard status == NATS_OK, let info = unsafe info else {
            throw NATSError(status: status, apiCode: code, doing: "consumer \(consumer) of \(stream)")
        }
        return try unsafe body(UnsafePointer(info))
    }

    /// Makes a durable consumer or brings its waits and limits in line; another filter is refused, as the messages
    /// in between would be skipped or repeated.
    func ensureConsumer(_ wanted: ConsumerConfiguration) throws(NATSError) -> EnsureResult {
        guard let durable = wanted.durable else {
            throw NATSError(.invalidArgument, "a consumer of \(wanted.stream) needs a name to be kept")
        }
        let existing = try unsafe withConsumerInfo(wanted.stream, durable) { info throws(NATSError) -> EnsureResult in
            guard let configuration = unsafe info.pointee.Config else {
                throw NATSError(.other, "consumer \(durable): the server told no settings")
            }
            let filter = unsafe configuration.pointee.FilterSubject.map { unsafe String(cString: $0) } ?? ""
            guard filter == wanted.filter ?? "", unsafe configuration.pointee.AckPolicy == js_AckExplicit else {
                throw NATSError(.destructiveChange, "consumer \(durable) exists with another filter or policy")
            }
            var changed: [String] = []
            let wait = wanted.acknowledgementWait.wholeNanoseconds
            if unsafe configuration.pointee.AckWait != wait { changed.append("acknowledgement wait") }
            let limit = Int64(wanted.maximumAcknowledgementsPending)
            if unsafe configuration.pointee.MaxAckPending != limit { changed.append("acknowledgements pending") }
            if changed.isEmpty { return .unchanged }
            unsafe configuration.pointee.AckWait = wait
            unsafe configuration.pointee.MaxAckPending = limit
            var code = jsErrCode(rawValue: 0)
            let status = unsafe js_UpdateConsumer(nil, context, wanted.stream, configuration, nil, &code)
            guard status == NATS_OK else {
                throw NATSError(status: status, apiCode: code, doing: "update consumer \(durable)")
            }
            return .updated(changed)
        }
        if let existing { return existing }
        _ = try createConsumer(wanted, acknowledged: true, startTime: nil)
        return .created
    }

    /// Makes a consumer and returns its name. A private one lives in memory and goes 30 s after its last use.
    /// `startTime`, nanoseconds since 1970 UTC, goes before the configuration's start. A start by time may begin up
    /// to a second early.
    func createConsumer(
        _ wanted: ConsumerConfiguration,
        acknowledged: Bool,
        startTime: Int64?
    ) throws(NATSError) -> String {
        try requireConnection("make a consumer of \(wanted.stream)")
        let strings = CStrings()
        var configuration = unsafe jsConsumerConfig()
        unsafe jsConsumerConfig_Init(&configuration)
        unsafe configuration.Durable = strings.copy(wanted.durable)
        unsafe configuration.FilterSubject = strings.copy(wanted.filter)
        unsafe configuration.AckPolicy = acknowledged ? js_AckExplicit : js_AckNone
        unsafe configuration.ReplayPolicy = js_ReplayInstant
        unsafe configuration.MaxDeliver = -1
        if acknowledged {
            unsafe configuration.AckWait = wanted.acknowledgementWait.wholeNanoseconds
            unsafe configuration.MaxAckPending = Int64(wanted.maximumAcknowledgementsPending)
        }
        if wanted.durable == nil {
            unsafe configuration.InactiveThreshold = Duration.seconds(30).wholeNanoseconds
            unsafe configuration.MemoryStorage = true
        }
        try unsafe apply(startTime.map { .time($0 / 1_000) } ?? wanted.start, wanted.stream, to: &configuration)
        var info: UnsafeMutablePointer<jsConsumerInfo>?
        var code = jsErrCode(rawValue: 0)
        let status = unsafe js_AddConsumer(&info, context, wanted.stream, &configuration, nil, &code)
        defer { unsafe jsConsumerInfo_Destroy(info) }
        withExtendedLifetime(strings) {}
        guard status == NATS_OK, let name = unsafe info?.pointee.Name else {
            throw NATSError(status: status, apiCode: code, doing: "make a consumer of \(wanted.stream)")
        }
        return unsafe String(cString: name)
    }

    private func apply(
        _ start: StreamPosition,
        _ stream: String,
        to configuration: inout jsConsumerConfig
    ) throws(NATSError) {
        switch start {
        case .all: unsafe configuration.DeliverPolicy = js_DeliverAll
        case .new: unsafe configuration.DeliverPolicy = js_DeliverNew
        case .sequence(let sequence):
            unsafe configuration.DeliverPolicy = js_DeliverByStartSequence
            unsafe configuration.OptStartSeq = max(1, sequence)
        case .time(let microseconds):
            let time = Self.writableTime(microseconds * 1_000)
            // libnats takes zero for no time at all, and nothing is older.
            unsafe configuration.DeliverPolicy = time > 0 ? js_DeliverByStartTime : js_DeliverAll
            unsafe configuration.OptStartTime = max(0, time)
        case .last(let count):
            let last = try streamInfo(stream)?.lastSequence ?? 0
            unsafe configuration.DeliverPolicy = js_DeliverByStartSequence
            unsafe configuration.OptStartSeq = last > UInt64(max(0, count)) ? last - UInt64(max(0, count)) + 1 : 1
        }
    }

    /// libnats 3.4.1 writes the fraction of a second without its leading zeros, so that 0.05 s would become 0.5 s and
    /// messages would be skipped. Such times begin at their whole second.
    static func writableTime(_ nanoseconds: Int64) -> Int64 {
        let fraction = nanoseconds % 1_000_000_000
        return fraction < 100_000_000 ? nanoseconds - fraction : nanoseconds
    }

    /// Removes a consumer; one that is gone already is fine.
    func deleteConsumer(stream: String, consumer: String) {
        guard client.status.isConnected else { return }
        _ = unsafe js_DeleteConsumer(context, stream, consumer, nil, nil)
    }
}
