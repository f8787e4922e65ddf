package import Domain
import WireFormat

/// What a message is known by, the same on every resend: CloudEvents' `id` and the `Nats-Msg-Id`. An event's own id; of
/// accounting with several records the first's and the last's, with a dot between them.
package struct MessageID: Hashable, Sendable, CustomStringConvertible {
    package let first: EventID
    /// The same as ``first`` when there is only one.
    package let last: EventID

    package init(_ id: EventID) { self.init(first: id, last: id) }

    package init(first: EventID, last: EventID) {
        self.first = first
        self.last = last
    }

    package var description: String { first == last ? first.description : "\(first).\(last)" }

    /// The id of a message that is one event; any other is `invalidMember("id")`.
    func single() throws(JSONError) -> EventID {
        guard first == last else { throw .invalidMember("id") }
        return first
    }

    /// Reads the string that comes next; nil for `null`.
    init?(from reader: inout JSONReader, _ key: JSONKey) throws(JSONError) {
        guard let text = try reader.text() else { return nil }
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first.flatMap({ EventID(String($0)) }),
            let last = parts.count == 1 ? first : EventID(String(parts[1])), parts.count == 1 || last != first
        else { throw .invalidMember(key.description) }
        self.init(first: first, last: last)
    }
}

extension JSONWriter {
    mutating func value(_ id: MessageID) {
        if id.first == id.last { value(id.first.value) } else { value(id.description) }
    }
}
