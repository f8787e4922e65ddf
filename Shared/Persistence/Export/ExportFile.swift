import WireFormat

/// What an export is written as.
package enum ExportFormat: String, Sendable, CaseIterable {
    /// RFC 4180, UTF-8, with a heading; what a spreadsheet would run is made harmless.
    case csv
    /// One JSON object a line.
    case ndjson
    /// One JSON array of objects.
    case json
    /// A spreadsheet.
    case xlsx
    /// A table on pages.
    case pdf

    /// One that is written row by row as it is read; nil for a document, which is put together at its end.
    package var text: Text? { Text(rawValue: rawValue) }

    /// The formats that are texts.
    package enum Text: String, Sendable, CaseIterable {
        case csv, ndjson, json
    }
}

/// A file in the making: rows of named values, taken out piece by piece.
package struct ExportFile: Sendable {
    private let format: ExportFormat.Text
    private let names: [String]
    private var isAtStart = true
    private var hasRows = false
    private var records = CSVWriter()
    private var octets: [UInt8] = []

    /// A file whose rows have these values.
    package init(_ format: ExportFormat.Text, heading names: [String]) {
        self.format = format
        self.names = names
    }

    /// Writes a row: a value for each name, in their order.
    package mutating func append(_ values: [FieldValue]) {
        begin()
        if format == .csv {
            for field in values.map(\.field) { records.field(field.text, isText: field.isText) }
            records.endRecord()
            return
        }
        if format == .json, hasRows { octets += [0x2c, 0x0a] }
        hasRows = true
        var json = JSONWriter(capacity: 1_024)
        json.beginObject()
        for (name, value) in zip(names, values) {
            json.key(string: name)
            value.write(to: &json)
        }
        json.endObject()
        octets += json.bytes
        if format == .ndjson { octets.append(0x0a) }
    }

    /// What was written since it was taken last; nil where that is nothing.
    package mutating func take(isAtEnd: Bool) -> [UInt8]? {
        begin()
        if isAtEnd, format == .json { octets += Array("]\n".utf8) }
        let taken = format == .csv ? records.take() : octets
        octets.removeAll(keepingCapacity: true)
        return taken.isEmpty ? nil : taken
    }

    private mutating func begin() {
        guard isAtStart else { return }
        isAtStart = false
        switch format {
        case .csv:
            for name in names { records.field(name) }
            records.endRecord()
        case .ndjson: break
        case .json: octets.append(0x5b)
        }
    }
}
