/// Lays records out as text: a table for many, one line per value for one.
package struct TableText: Sendable {
    /// The width to keep to; nil where nobody looks at a screen, so that nothing is ever cut.
    package let columns: Int?

    /// A layout for a screen of that width, or for a file.
    package init(columns: Int?) {
        self.columns = columns
    }

    /// A table with a heading; the columns are the first record's.
    package func table(of records: [OutputRecord]) -> String {
        guard let first = records.first else { return "" }
        let names = first.fields.filter { !$0.isDetail }.map(\.name)
        var rows = [names.map(Self.heading)]
        rows += records.map { record in names.map { record[$0].cell } }
        let isNumeric = names.map { first[$0].isNumeric }
        let widths = fitted(names.indices.map { column in rows.map { $0[column].count }.max() ?? 0 })
        return rows.map { Self.line($0, widths: widths, isNumeric: isNumeric) }.joined()
    }

    /// One value a line, named.
    package func details(of record: OutputRecord) -> String {
        let lines = Self.lines(of: record, under: "")
        let width = lines.map(\.label.count).max() ?? 0
        return lines.map { $0.label.padded(to: width + 2) + $0.value + "\n" }.joined()
    }

    /// A record within the record is told value by value, under its name; what it leaves open is left out.
    private static func lines(of record: OutputRecord, under prefix: String) -> [(label: String, value: String)] {
        record.fields.flatMap { field -> [(label: String, value: String)] in
            let label = prefix + Self.label(field.name)
            guard case .record(let inner) = field.value else { return [(label, field.value.cell)] }
            return lines(of: inner, under: label + " ").filter { !$0.value.isEmpty }
        }
    }

    /// Shrinks the widest columns until the table fits; a column keeps at least eight characters.
    private func fitted(_ widths: [Int]) -> [Int] {
        guard let columns else { return widths }
        var widths = widths
        while widths.reduce(0, +) + 2 * max(0, widths.count - 1) > columns {
            guard let widest = widths.indices.max(by: { widths[$0] < widths[$1] }), widths[widest] > 8 else { break }
            widths[widest] -= 1
        }
        return widths
    }

    private static func line(_ cells: [String], widths: [Int], isNumeric: [Bool]) -> String {
        var text = ""
        for (column, cell) in cells.enumerated() {
            let shown = cell.count > widths[column] ? cell.prefix(max(0, widths[column] - 1)) + "…" : cell[...]
            let padding = String(repeating: " ", count: widths[column] - shown.count)
            text += isNumeric[column] ? padding + shown : shown + padding
            if column < cells.count - 1 { text += "  " }
        }
        while text.last == " " { text.removeLast() }
        return text + "\n"
    }

    /// `startedAt` -> `STARTED AT`.
    static func heading(_ name: String) -> String {
        label(name).uppercased()
    }

    /// `startedAt` -> `started at`; a run of capitals stays one word: `nasID` -> `nas ID`.
    static func label(_ name: String) -> String {
        var text = ""
        var previousIsLower = false
        for character in name {
            if character.isUppercase && previousIsLower { text += " " }
            previousIsLower = character.isLowercase || character.isNumber
            text.append(character)
        }
        return text.split(separator: " ").map { $0.allSatisfy(\.isUppercase) ? String($0) : $0.lowercased() }
            .joined(separator: " ")
    }
}
