import Domain
import HTTPServer
import WireFormat

/// A value of a filter, or of what begins a tail, that cannot be used.
struct LiveFilterFault: Error, Hashable, Sendable {
    /// The parameter or member.
    let field: String
    let message: String
    /// `invalid`, or another word where the value is written as it should be and breaks a rule all the same.
    var code = "invalid"
}

extension LiveFilter {
    /// The names of what can be filtered by, in queries and subscribe messages alike.
    enum Field: String, CaseIterable, Sendable {
        case type, tenant, nas, service, customer, user
    }

    /// Adds one value. Ids are taken in lower case or upper case alike.
    mutating func add(_ value: String, to field: Field) throws(LiveFilterFault) {
        guard count < Self.maximumValues else {
            throw LiveFilterFault(
                field: field.rawValue,
                message: "A filter holds \(Self.maximumValues) values at most.",
                code: "too_many"
            )
        }
        switch field {
        case .type:
            guard Self.isKind(value) else {
                throw LiveFilterFault(
                    field: field.rawValue,
                    message: "A type is written like session.started, or session.* for all of its kind."
                )
            }
            kinds.insert(value)
        case .tenant: tenants.insert(try Self.id(value, field))
        case .service: services.insert(try Self.id(value, field))
        case .customer: customers.insert(try Self.id(value, field))
        case .nas: nases.insert(NASID(try Self.name(value, field))?.description ?? value)
        case .user: usernames.insert(try Self.name(value, field))
        }
    }

    /// Of a query: `type=session.*&nas=edge-1&user=alice`, each any number of times.
    init(_ query: Query) throws(LiveFilterFault) {
        self.init()
        for field in Field.allCases {
            for value in query.all(field.rawValue) { try add(value, to: field) }
        }
    }

    /// Of a subscribe message: `{"type":["session.*"],"user":"alice"}`; each a text or a list of texts.
    init(from reader: inout JSONReader) throws(JSONError) {
        self.init()
        var filter = self
        try reader.readObject { reader, name throws(JSONError) in
            guard let field = Field(rawValue: name) else { throw .invalidMember(name) }
            func take(_ reader: inout JSONReader) throws(JSONError) {
                let value = try reader.readString()
                do throws(LiveFilterFault) {
                    try filter.add(value, to: field)
                } catch {
                    throw .invalidMember("filter.\(name): \(error.message)")
                }
            }
            if try reader.peek() == .array {
                try reader.readArray { reader throws(JSONError) in try take(&reader) }
            } else {
                try take(&reader)
            }
        }
        self = filter
    }

    private static func id<Tag>(_ text: String, _ field: Field) throws(LiveFilterFault) -> ID<Tag> {
        guard let id = ID<Tag>(text) else {
            throw LiveFilterFault(field: field.rawValue, message: "A \(field.rawValue) is named by its id.")
        }
        return id
    }

    private static func name(_ text: String, _ field: Field) throws(LiveFilterFault) -> String {
        guard (1...253).contains(text.utf8.count) else {
            throw LiveFilterFault(field: field.rawValue, message: "1 to 253 octets.", code: "length")
        }
        return text
    }
}
