import Events
import WireFormat

/// One event as a tail shows it: a line of columns, or the event itself as JSON.
package struct EventLine: Sendable {
    /// Where it stands in its stream.
    package let sequence: UInt64
    /// Its subject.
    package let subject: String
    /// The CloudEvents envelope; null when the message is none.
    package let envelope: OutputValue
    /// The event's data; of an accounting record together with what its message says for all records.
    private let data: OutputValue
    private let size: Int

    /// Reads a message: an event, or several accounting records, each of them shown as an event.
    package static func all(sequence: UInt64, subject: String, payload: [UInt8]) -> [EventLine] {
        let isAccounting = subject.hasPrefix(AccountingRecorded.subject + ".")
        guard isAccounting, let parts = try? AccountingRecorded.parts(of: payload) else {
            return [EventLine(sequence: sequence, subject: subject, payload: payload)]
        }
        return parts.map { EventLine(sequence: sequence, subject: subject, payload: $0.payload) }
    }

    /// Reads a message. What is no event is shown as such, never dropped.
    package init(sequence: UInt64, subject: String, payload: [UInt8]) {
        self.sequence = sequence
        self.subject = subject
        self.size = payload.count
        self.envelope = (try? OutputValue(json: payload)) ?? .null
        self.data = Self.flattened(envelope["data"])
    }

    /// The only record's members beside the message's own.
    private static func flattened(_ data: OutputValue) -> OutputValue {
        guard case .record(let message) = data, case .list(let records) = data["records"], records.count == 1,
            case .record(let record) = records[0]
        else { return data }
        var flat = OutputRecord()
        for field in message.fields where field.name != "records" { flat.add(field.name, field.value) }
        for field in record.fields { flat.add(field.name, field.value) }
        return .record(flat)
    }

    /// The tenant's id.
    package var tenant: String? { envelope["tenantid"].text }
    /// The NAS's id.
    package var nas: String? { data["nasId"].text }
    /// The NAS's name.
    package var nasName: String? { data["nasName"].text }
    /// The user name.
    package var user: String? { data["username"].text }

    /// Whether a filter lets it through.
    package func passes(_ filter: EventFilter) -> Bool {
        filter.matches(subject: subject, tenant: tenant, nas: nas, nasName: nasName, user: user)
    }

    /// The event for `--json`: its place in the stream and the envelope.
    package var record: OutputRecord {
        var record = OutputRecord()
        record.add("sequence", .integer(Int64(clamping: sequence)))
        record.add("subject", .text(subject))
        record.add("event", envelope)
        return record
    }

    /// The event as one line of columns: time, sequence, kind, tenant, NAS, user, and the rest of its data.
    package var columns: String {
        guard envelope != .null else {
            return
                "\("-".padded(to: 24)) \("\(sequence)".padded(to: 9)) \(subject.displayable)  not an event: \(size) bytes\n"
        }
        let time = envelope["time"].text ?? "-"
        let kind = (envelope["type"].text?.split(separator: ".").last).map(String.init) ?? "-"
        let cells: [(String, Int)] = [
            (time.displayable, 27), ("\(sequence)", 9), (kind.displayable, 20), (Self.short(tenant), 8),
            (nasName?.displayable ?? Self.short(nas), 12), (user?.displayable ?? "-", 16),
        ]
        return cells.map { $0.0.padded(to: $0.1) }.joined(separator: " ") + " " + detail + "\n"
    }

    /// The heading over the columns.
    package static let heading: String =
        [
            ("TIME", 27), ("SEQUENCE", 9), ("EVENT", 20), ("TENANT", 8), ("NAS", 12), ("USER", 16),
        ].map { $0.0.padded(to: $0.1) }.joined(separator: " ") + " DATA\n"

    /// Ids are long and their ends tell them apart; JSON shows them whole.
    private static func short(_ id: String?) -> String {
        id.map { String($0.suffix(8)).displayable } ?? "-"
    }

    private var detail: String {
        guard case .record(let record) = data else { return data.cell }
        let known: Set = ["nasId", "nasName", "username", "id", "tenantId"]
        return record.fields.filter { !known.contains($0.name) && $0.value != .null && !$0.name.hasSuffix("Id") }
            .map { "\($0.name.displayable)=\(Self.shortened($0.value))" }.joined(separator: " ")
    }

    private static func shortened(_ value: OutputValue) -> String {
        switch value {
        case .list(let values) where values.count > 3: "[\(values.count)]"
        case .text(let text):
            // STATUS_TYPE_START -> start: the part after the enum's own prefix is what people read.
            text.hasPrefix("STATUS_TYPE_")
                ? text.dropFirst("STATUS_TYPE_".count).lowercased() : text.displayable.quotedIfSpaced
        default: value.cell
        }
    }
}

extension OutputValue {
    /// The value when it is text.
    package var text: String? {
        if case .text(let text) = self { text } else { nil }
    }
}

extension String {
    fileprivate var quotedIfSpaced: String {
        contains(" ") ? "\"\(self)\"" : self
    }
}
