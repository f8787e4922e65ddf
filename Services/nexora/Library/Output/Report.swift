import WireFormat

/// Writes a command's result in the form that was asked for.
package struct Report: Sendable {
    private let console: Console
    /// Whether JSON was asked for.
    package let isJSON: Bool

    /// A report on that console.
    package init(console: Console, isJSON: Bool) {
        self.console = console
        self.isJSON = isJSON
    }

    /// A list: a table, or a JSON array. "none" is told on a terminal when it is empty.
    package func list(_ records: [OutputRecord], none: String) {
        if isJSON {
            json { writer in
                writer.beginArray()
                for record in records { record.write(to: &writer) }
                writer.endArray()
            }
        } else if records.isEmpty {
            console.note(none)
        } else {
            console.write(TableText(columns: console.columns).table(of: records))
        }
    }

    /// One thing: a value a line, or a JSON object.
    package func one(_ record: OutputRecord) {
        if isJSON {
            json { record.write(to: &$0) }
        } else {
            console.write(TableText(columns: console.columns).details(of: record))
        }
    }

    /// One record of a stream: a JSON object on its own line.
    package func line(_ record: OutputRecord) {
        json { record.write(to: &$0) }
    }

    /// Something a person should know; never part of the JSON.
    package func note(_ text: String) {
        console.note(text)
    }

    private func json(_ build: (inout JSONWriter) -> Void) {
        var writer = JSONWriter()
        build(&writer)
        console.output(writer.bytes + [UInt8(ascii: "\n")])
    }
}
