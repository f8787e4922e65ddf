import Compression

/// The cells of a spreadsheet's one sheet, read by nothing that wrote them: enough of ZIP and of Office Open XML for our own.
package struct SpreadsheetCells {
    package struct Unreadable: Error {
        package let reason: String
    }

    /// The sheet itself.
    package let xml: String
    /// Each row's cells as texts, an absent one empty: numbers as they are written, the heading first.
    package let rows: [[String]]

    package init(_ file: [UInt8]) throws {
        xml = String(decoding: try Self.entry("xl/worksheets/sheet1.xml", of: file), as: UTF8.self)
        rows = xml.matches(of: /<row [^>]*>(.*?)<\/row>/.dotMatchesNewlines()).map { Self.cells(String($0.output.1)) }
    }

    private static func cells(_ row: String) -> [String] {
        var cells: [String] = []
        for match in row.matches(of: /<c r="([A-Z]+)[0-9]+"[^>]*>(.*?)<\/c>/.dotMatchesNewlines()) {
            let column = match.output.1.utf8.reduce(0) { $0 * 26 + Int($1 - 64) }
            while cells.count < column { cells.append("") }
            let text = match.output.2.replacing(/<[^>]*>/, with: "")
            cells[column - 1] = String(
                text.replacing("&lt;", with: "<").replacing("&gt;", with: ">").replacing("&amp;", with: "&")
            )
        }
        return cells
    }

    /// One file of a ZIP archive, found by its directory (APPNOTE 4.3.12).
    private static func entry(_ name: String, of file: [UInt8]) throws -> [UInt8] {
        func number(_ place: Int, _ octets: Int) -> Int {
            (0..<octets).reduce(0) { $0 | Int(file[place + $1]) << (8 * $1) }
        }
        guard file.starts(with: [0x50, 0x4b]) else { throw Unreadable(reason: "no ZIP archive") }
        var place = file.count - 22
        while place >= 0, number(place, 4) != 0x0605_4b50 { place -= 1 }
        guard place >= 0 else { throw Unreadable(reason: "no directory") }
        var record = number(place + 16, 4)
        for _ in 0..<number(place + 10, 2) {
            let nameOctets = number(record + 28, 2)
            let found = String(decoding: file[(record + 46)..<(record + 46 + nameOctets)], as: UTF8.self)
            guard found == name else {
                record += 46 + nameOctets + number(record + 30, 2) + number(record + 32, 2)
                continue
            }
            guard number(record + 10, 2) == 8 else { throw Unreadable(reason: "\(name) is not deflated") }
            let local = number(record + 42, 4)
            let begin = local + 30 + number(local + 26, 2) + number(local + 28, 2)
            // The same octets with gzip's head and end (RFC 1952) around them.
            let member: [UInt8] =
                [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff] + file[begin..<(begin + number(record + 20, 4))]
                + file[(record + 16)..<(record + 20)] + file[(record + 24)..<(record + 28)]
            return try Gzip.expand(member, limit: number(record + 24, 4))
        }
        throw Unreadable(reason: "\(name) is not in it")
    }
}

/// What a PDF says of itself without being drawn.
package struct PDFFacts {
    package let pages: Int

    package init(_ file: [UInt8]) throws {
        let text = String(decoding: file, as: UTF8.self)
        guard text.hasPrefix("%PDF-1."), text.suffix(8).contains("%%EOF"),
            let count = text.firstMatch(of: /\/Count ([0-9]+)/).flatMap({ Int($0.output.1) })
        else { throw SpreadsheetCells.Unreadable(reason: "no PDF") }
        pages = count
    }
}
