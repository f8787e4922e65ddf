import WireFormat

/// What a JSON value looks like, as far as OpenAPI 3.1 (JSON Schema 2020-12) is told.
package indirect enum Schema: Hashable, Sendable {
    /// Text; lengths in characters.
    case text(minimum: Int = 0, maximum: Int? = nil, format: String? = nil, pattern: String? = nil)
    case integer(ClosedRange<Int64>? = nil)
    case number(ClosedRange<Double>? = nil)
    case boolean
    /// One of these words.
    case choice([String])
    case list(Schema, maximum: Int? = nil, minimum: Int = 0)
    case object([Property], isOpen: Bool = false)
    case nullable(Schema)
    /// As one of these.
    case either([Schema])
    /// Any JSON value.
    case anything
    /// A component of the document.
    case component(String)

    package struct Property: Hashable, Sendable {
        package let name: String
        package let schema: Schema
        package let isRequired: Bool

        package init(_ name: String, _ schema: Schema, isRequired: Bool = true) {
            self.name = name
            self.schema = schema
            self.isRequired = isRequired
        }
    }

    package static let uuid = Schema.text(
        format: "uuid",
        pattern: "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
    )
    package static let time = Schema.text(format: "date-time")
    package static let day = Schema.text(format: "date")
    /// An amount with up to four digits behind the point; never a number, which would be rounded.
    package static let amount = Schema.text(pattern: "^-?[0-9]{1,14}(\\.[0-9]{1,4})?$")
    /// One of 0 or more.
    package static let fee = Schema.text(pattern: "^[0-9]{1,14}(\\.[0-9]{1,4})?$")
    package static let currency = Schema.text(pattern: "^[A-Z]{3}$")
    package static let address = Schema.either([.text(format: "ipv4"), .text(format: "ipv6")])
    /// An address, or one with the length of its prefix (RFC 4632 §3.1, RFC 4291 §2.3).
    package static let prefix = Schema.either([
        .text(format: "ipv4"), .text(format: "ipv6"),
        .text(pattern: "^(\\d{1,3}\\.){3}\\d{1,3}/([0-9]|[12][0-9]|3[0-2])$"),
        .text(pattern: "^[0-9A-Fa-f:.]{2,45}/([0-9]|[1-9][0-9]|1[01][0-9]|12[0-8])$"),
    ])
    package static func text(_ maximum: Int) -> Schema { .text(minimum: 1, maximum: maximum) }

    /// Writes the schema as one JSON object.
    func write(to json: inout JSONWriter) {
        json.beginObject()
        writeMembers(to: &json, orNull: false)
        json.endObject()
    }

    private func writeMembers(to json: inout JSONWriter, orNull: Bool) {
        switch self {
        case .text(let minimum, let maximum, let format, let pattern):
            Self.type("string", orNull, &json)
            if minimum > 0 { json.pair("minLength", minimum) }
            if let maximum { json.pair("maxLength", maximum) }
            if let format { json.pair("format", format) }
            if let pattern { json.pair("pattern", pattern) }
        case .integer(let range):
            Self.type("integer", orNull, &json)
            if let range {
                json.pair("minimum", range.lowerBound)
                if range.upperBound < .max { json.pair("maximum", range.upperBound) }
            }
        case .number(let range):
            Self.type("number", orNull, &json)
            if let range {
                json.pair("minimum", range.lowerBound)
                json.pair("maximum", range.upperBound)
            }
        case .boolean: Self.type("boolean", orNull, &json)
        case .choice(let words):
            Self.type("string", orNull, &json)
            json.key("enum")
            json.beginArray()
            for word in words { json.value(word) }
            if orNull { json.null() }
            json.endArray()
        case .list(let element, let maximum, let minimum):
            Self.type("array", orNull, &json)
            json.key("items")
            element.write(to: &json)
            if minimum > 0 { json.pair("minItems", minimum) }
            if let maximum { json.pair("maxItems", maximum) }
        case .object(let properties, let isOpen): Self.object(properties, isOpen, orNull, &json)
        case .nullable(let schema): schema.writeMembers(to: &json, orNull: true)
        case .either(let schemas):
            json.key("anyOf")
            json.beginArray()
            for schema in schemas { schema.write(to: &json) }
            if orNull {
                json.beginObject()
                json.pair("type", "null")
                json.endObject()
            }
            json.endArray()
        case .anything: break
        case .component(let name): json.pair("$ref", "#/components/schemas/" + name)
        }
    }

    private static func type(_ name: String, _ orNull: Bool, _ json: inout JSONWriter) {
        json.key("type")
        guard orNull else { return json.value(name) }
        json.beginArray()
        json.value(name)
        json.value("null")
        json.endArray()
    }

    private static func object(_ properties: [Property], _ isOpen: Bool, _ orNull: Bool, _ json: inout JSONWriter) {
        type("object", orNull, &json)
        json.key("properties")
        json.beginObject()
        for property in properties {
            json.key(string: property.name)
            property.schema.write(to: &json)
        }
        json.endObject()
        let required = properties.filter(\.isRequired).map(\.name)
        if !required.isEmpty { json.pair("required", required) }
        if !isOpen {
            json.key("additionalProperties")
            json.value(false)
        }
    }
}

extension JSONWriter {
    mutating func pair(_ name: StaticString, _ text: String) {
        key(name)
        value(text)
    }

    mutating func pair(_ name: StaticString, _ number: some BinaryInteger) {
        key(name)
        value(Int64(clamping: number))
    }

    mutating func pair(_ name: StaticString, _ number: Double) {
        key(name)
        value(number)
    }

    mutating func pair(_ name: StaticString, _ flag: Bool) {
        key(name)
        value(flag)
    }

    mutating func pair(_ name: StaticString, _ texts: [String]) {
        key(name)
        beginArray()
        for text in texts { value(text) }
        endArray()
    }
}
