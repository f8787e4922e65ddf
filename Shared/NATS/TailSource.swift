/// Keeps a tail's place: a private consumer from the next sequence, made anew whenever continuity is in doubt.
final class TailSource: PullSource {
    /// Where the tail stands.
    private enum Place {
        case start(StreamPosition)
        /// Behind this message; the time tells it from another message of the same number in another store.
        case after(sequence: UInt64, nanoseconds: Int64)
        /// At what was stored from then on.
        case from(nanoseconds: Int64)
    }

    private let api: JetStreamAPI
    private let stream: String
    private let filters: [String]
    private var place: Place
    private var created: Int64?
    private var consumer: String?
    private var consumerSequence: UInt64 = 0
    /// The lowest sequence that may come next without anything missing; nil where that cannot be known.
    private var expected: UInt64?

    init(_ api: JetStreamAPI, stream: String, filters: [String], start: StreamPosition) {
        self.api = api
        self.stream = stream
        self.filters = filters
        place = .start(start)
    }

    func prepare(_ report: (TailGap) -> Void) throws(NATSError) -> String {
        forget()
        guard let info = try api.streamInfo(stream) else {
            throw NATSError(.notFound, "tail: there is no stream \(stream)")
        }
        try notice(info, report)
        created = info.createdMicroseconds
        var configuration = ConsumerConfiguration(stream: stream, durable: nil)
        configuration.filter = filters.count == 1 ? filters[0] : nil
        var startTime: Int64?
        switch place {
        case .start(.time(let microseconds)):
            startTime = microseconds * 1_000
        case .start(let position): configuration.start = position
        case .after(let sequence, _):
            let next = max(sequence + 1, info.firstSequence)
            if next > sequence + 1 { report(.removed(from: sequence + 1, through: next - 1)) }
            configuration.start = .sequence(next)
            expected = next
        case .from(let nanoseconds):
            startTime = nanoseconds
            expected = nil
        }
        let name = try api.createConsumer(configuration, acknowledged: false, startTime: startTime)
        consumer = name
        consumerSequence = 0
        return name
    }

    /// Turns a relative start into a place, and notices that the stream went back.
    private func notice(_ info: StreamInfo, _ report: (TailGap) -> Void) throws(NATSError) {
        switch place {
        case .start(.new):
            place = .after(sequence: info.lastSequence, nanoseconds: info.lastTimeNanoseconds)
        case .start(.last(let count)):
            let back = UInt64(max(0, count))
            let first = info.lastSequence >= back ? info.lastSequence - back + 1 : 1
            place = .start(.sequence(max(first, info.firstSequence, 1)))
        case .start(.sequence(let wanted)):
            guard created == nil, wanted > 0, info.firstSequence > wanted else { break }
            report(.removed(from: wanted, through: info.firstSequence - 1))
        case .start: break
        case .from: break
        case .after(let sequence, let nanoseconds):
            guard try wentBack(info, sequence, nanoseconds) else { break }
            report(.rewound(last: sequence, streamEnd: info.lastSequence))
            place = .from(nanoseconds: nanoseconds + 1)
        }
    }

    private func wentBack(_ info: StreamInfo, _ sequence: UInt64, _ nanoseconds: Int64) throws(NATSError) -> Bool {
        if let created, created != info.createdMicroseconds { return true }
        if info.lastSequence < sequence { return true }
        guard sequence > 0, sequence >= info.firstSequence else { return false }
        // The same number may have been given again in a store that was put back.
        guard let time = try api.messageTime(stream: stream, sequence: sequence) else { return false }
        return time != nanoseconds
    }

    func judge(_ message: NATSMessage, _ report: (TailGap) -> Void) -> PullVerdict {
        guard let consumer, message.isFrom(consumer: consumer) else { return .skip }
        guard message.consumerSequence == consumerSequence + 1 else { return .restart }
        consumerSequence += 1
        if filters.isEmpty, let expected, message.sequence > expected {
            report(.removed(from: expected, through: message.sequence - 1))
        }
        expected = message.sequence + 1
        if case .from(let nanoseconds) = place, message.timeNanoseconds < nanoseconds { return .skip }
        if case .start(.time(let microseconds)) = place, message.timeMicroseconds < microseconds { return .skip }
        place = .after(sequence: message.sequence, nanoseconds: message.timeNanoseconds)
        guard filters.count < 2 || filters.contains(where: { SubjectPattern.matches($0, message.subject) }) else {
            return .skip
        }
        return .deliver
    }

    func finish() { forget() }

    /// The server removes an unused private consumer by itself as well, later.
    private func forget() {
        guard let name = consumer else { return }
        consumer = nil
        api.deleteConsumer(stream: stream, consumer: name)
    }
}
