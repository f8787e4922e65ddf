import GraphQL
import HTTPServer
import Persistence
import WireFormat

/// Writes what was found as it was asked for, up to a bound: a long text under many keys is long many times.
struct GraphQLWriter {
    /// Octets of a root field's value, roughly.
    static let mostOctets = 8 << 20

    private let catalogue: GraphQLCatalogue
    private let resource: GraphQLResource
    private let found: GraphQLFound
    private var left = Self.mostOctets

    init(_ catalogue: GraphQLCatalogue, _ resource: GraphQLResource, _ found: GraphQLFound) {
        self.catalogue = catalogue
        self.resource = resource
        self.found = found
    }

    /// Writes the value of a root field. Throws where it would be too long; what was written is of no use then.
    mutating func write(_ field: PlannedField, isList: Bool, to json: inout JSONWriter) throws(Problem) {
        guard isList else {
            guard let row = found.page.rows.first else { return json.null() }
            return try write(row, resource.type, field.selections, to: &json)
        }
        json.beginObject()
        for part in field.selections {
            json.key(string: part.key)
            switch part.name {
            case "__typename": json.value(field.type.name)
            case "next": if let next = found.page.next { json.value(next) } else { json.null() }
            case "total": if let total = found.page.total { json.value(total) } else { json.null() }
            default: try write(found.page.rows, resource.type, part.selections, to: &json)
            }
        }
        json.endObject()
    }

    private mutating func write(
        _ rows: [GraphQLRow],
        _ type: String,
        _ selections: [PlannedField],
        to json: inout JSONWriter
    ) throws(Problem) {
        json.beginArray()
        for row in rows { try write(row, type, selections, to: &json) }
        json.endArray()
    }

    private mutating func write(
        _ row: GraphQLRow,
        _ type: String,
        _ selections: [PlannedField],
        to json: inout JSONWriter
    ) throws(Problem) {
        json.beginObject()
        for field in selections {
            try count(field.key.utf8.count + 4)
            json.key(string: field.key)
            if field.name == "__typename" {
                json.value(type)
            } else if let relation = catalogue.relation(field.name, of: type) {
                try write(relation, of: row, field, to: &json)
            } else {
                let value = row.value(field.name)
                try count(value.octets)
                value.write(to: &json)
            }
        }
        json.endObject()
    }

    private mutating func write(
        _ relation: GraphQLRelation,
        of row: GraphQLRow,
        _ field: PlannedField,
        to json: inout JSONWriter
    ) throws(Problem) {
        let rows = row.value(relation.column).key.flatMap { found.related[relation.name]?[$0] } ?? []
        let type = GraphQLTypes.related(relation.target.type)
        if relation.isMany { return try write(rows, type, field.selections, to: &json) }
        guard let row = rows.first else { return json.null() }
        try write(row, type, field.selections, to: &json)
    }

    private mutating func count(_ octets: Int) throws(Problem) {
        left -= octets
        guard left >= 0 else {
            throw Problem(
                .unprocessableContent,
                code: "too_large",
                detail: "The value would have more than \(Self.mostOctets) octets: ask for fewer rows or fields."
            )
        }
    }
}

extension FieldValue {
    /// How long it is, roughly.
    fileprivate var octets: Int {
        switch self {
        case .text(let text), .json(let text): text.utf8.count + 2
        case .list(let values): values.reduce(2) { $0 + $1.octets + 1 }
        default: 24
        }
    }
}

/// An entry of `errors` (§7.1.2 of the specification).
struct GraphQLFailure {
    let message: String
    var locations: [GraphQLLocation] = []
    /// Keys from the root on; empty where the request itself is at fault.
    var path: [String] = []
    /// As problems have it.
    var code = "graphql_invalid"

    /// Writes the member `errors` where there are any.
    static func write(_ failures: [GraphQLFailure], to json: inout JSONWriter) {
        guard !failures.isEmpty else { return }
        json.key("errors")
        json.beginArray()
        for failure in failures { failure.write(to: &json) }
        json.endArray()
    }

    private func write(to json: inout JSONWriter) {
        json.beginObject()
        json.pair("message", message)
        if !locations.isEmpty {
            json.key("locations")
            json.beginArray()
            for location in locations {
                json.beginObject()
                json.pair("line", location.line)
                json.pair("column", location.column)
                json.endObject()
            }
            json.endArray()
        }
        if !path.isEmpty { json.pair("path", path) }
        json.key("extensions")
        json.beginObject()
        json.pair("code", code)
        json.endObject()
        json.endObject()
    }
}
