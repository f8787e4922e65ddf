/// A PDF in the making: a table over as many pages as it takes, its heading on each.
///
/// Columns are as wide as their first rows want, up to a limit; where many stand side by side the page is wider than A4, and a printer
/// makes it smaller. A cell has twelve lines at most; what is longer ends with an ellipsis. Any script that the machine has a font for
/// comes out right, from right to left where it is written so.
final class PDFTable: Table {
    private static let margin = 36.0
    private static let padding = 3.0
    private static let leastWidth = 842.0
    private static let leastHeight = 595.0
    /// A PDF page has 14,400 points at most.
    private static let mostWidth = 14_000.0
    private static let mostUnits = 2_000

    private let name: String
    private let heading: [String]
    /// Made with the first rows, which say how wide columns are.
    private var canvas: PDFCanvas?
    private var widths: [Double] = []
    private var height = leastHeight
    /// Where the next row begins.
    private var top = 0.0
    private var page = 0

    init(_ name: String, heading: [String]) {
        self.name = name.withoutControls
        self.heading = heading.map { $0.withoutControls }
    }

    func append(_ rows: [[Cell]]) throws(DocumentError) {
        let texts = rows.map { row in row.map { $0.printed.cut(to: Self.mostUnits).withoutControls } }
        let canvas = try begin(texts)
        for row in texts {
            let rowHeight = canvas.layOut(row, isHeading: false) + 2 * Self.padding
            if top + rowHeight > height - Self.margin {
                turn(canvas)
                _ = canvas.layOut(row, isHeading: false)
            }
            draw(canvas, rowHeight)
        }
        try canvas.check()
    }

    func finish() throws(DocumentError) -> OpenFile {
        let canvas = try begin([])
        canvas.endPage()
        return try canvas.finish()
    }

    private func begin(_ rows: [[String]]) throws(DocumentError) -> PDFCanvas {
        if let canvas { return canvas }
        widths = Self.widths(heading, rows)
        let width = max(Self.leastWidth, widths.reduce(2 * Self.margin, +))
        height = max(Self.leastHeight, width / 2.0.squareRoot())
        let made = try PDFCanvas(
            title: name,
            width: width,
            height: height,
            columns: widths.map { $0 - 2 * Self.padding }
        )
        canvas = made
        beginPage(made)
        return made
    }

    /// What the longest of the first texts takes, about four points a character.
    private static func widths(_ heading: [String], _ rows: [[String]]) -> [Double] {
        let natural = heading.indices.map { column in
            let longest = rows.prefix(200).reduce(heading[column].count) { longest, row in
                max(longest, column < row.count ? row[column].count : 0)
            }
            return min(max(Double(longest) * 4.2 + 2 * padding, 40), 175)
        }
        let most = mostWidth - 2 * margin
        let sum = natural.reduce(0, +)
        return sum <= most ? natural : natural.map { $0 * most / sum }
    }

    private func turn(_ canvas: PDFCanvas) {
        canvas.endPage()
        beginPage(canvas)
    }

    private func beginPage(_ canvas: PDFCanvas) {
        page += 1
        canvas.write("\(name), \(page)", x: Self.margin, y: Self.margin / 2)
        top = Self.margin
        let headingHeight = canvas.layOut(heading, isHeading: true) + 2 * Self.padding
        draw(canvas, headingHeight)
    }

    /// What was laid out, at the top of what is free, with a line below.
    private func draw(_ canvas: PDFCanvas, _ rowHeight: Double) {
        var left = Self.margin
        for (column, width) in widths.enumerated() {
            canvas.draw(column, x: left + Self.padding, y: top + Self.padding)
            left += width
        }
        top += rowHeight
        canvas.line(from: Self.margin, to: left, y: top)
    }
}
