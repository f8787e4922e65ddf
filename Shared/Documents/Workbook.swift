import CXlsxwriter

/// A spreadsheet in the making, one sheet of one table. One row is in memory, the others lie in a file.
///
/// Texts are written as texts: nothing begins a formula or becomes a link. Whole numbers that a double cannot hold are texts too.
/// A cell holds 32,767 characters; what is longer is cut and ends with an ellipsis.
final class Workbook: Table {
    /// Rows of a sheet below the heading, as the format has it.
    static let mostRows = 1_048_575
    private static let mostUnits = 32_767

    private let handle: WorkbookHandle
    private var rowCount = 0

    init(_ name: String, heading: [String]) throws(DocumentError) {
        handle = try WorkbookHandle(sheet: name)
        try handle.begin(heading.map { $0.withoutControls })
    }

    func append(_ rows: [[Cell]]) throws(DocumentError) {
        for row in rows {
            rowCount += 1
            guard rowCount <= Self.mostRows else { throw .tooManyRows(limit: Self.mostRows) }
            for (column, cell) in row.enumerated() {
                try handle.write(Self.value(cell), row: UInt32(rowCount), column: UInt16(clamping: column))
            }
        }
    }

    func finish() throws(DocumentError) -> OpenFile { try handle.finish() }

    private static func value(_ cell: Cell) -> WorkbookHandle.Value {
        func text(_ text: String) -> WorkbookHandle.Value { .text(text.withoutControls.cut(to: mostUnits)) }
        switch cell {
        case .empty: return .nothing
        case .text(let value): return text(value)
        case .integer(let number):
            let isExact = number.magnitude <= 1 << 53
            return isExact ? .number(Double(number)) : text(String(number))
        case .real(let number): return number.isFinite ? .number(number) : text(number.description)
        case .flag(let flag): return .flag(flag)
        case .time(let microseconds, let written):
            // Days since 1899-12-30. The calendar of spreadsheets is right from March 1900 on and ends with the year 9999.
            let day = Double(microseconds) / 86_400e6 + 25_569
            return (61..<2_958_466).contains(day) ? .day(day) : text(written)
        }
    }
}

/// Owns a workbook of libxlsxwriter with its one sheet. Not for two threads at once.
@safe private final class WorkbookHandle {
    enum Value {
        case nothing
        case text(String)
        case number(Double)
        case flag(Bool)
        /// Days since 1899-12-30.
        case day(Double)
    }

    private var folder: ScratchFolder?
    // SAFETY: from cxlsx_open until workbook_close, which frees it with its sheet and formats and is called once: in
    // `close()`, which takes it out.
    private var workbook: UnsafeMutablePointer<lxw_workbook>?
    private let sheet: UnsafeMutablePointer<lxw_worksheet>
    private let time: UnsafeMutablePointer<lxw_format>
    private let bold: UnsafeMutablePointer<lxw_format>

    init(sheet name: String) throws(DocumentError) {
        let folder = try ScratchFolder()
        guard let workbook = unsafe cxlsx_open(folder.file, folder.path) else {
            throw .library(name: "workbook_new", code: Int(LXW_ERROR_MEMORY_MALLOC_FAILED.rawValue))
        }
        guard let sheet = unsafe workbook_add_worksheet(workbook, String(name.prefix(31))),
            let time = unsafe workbook_add_format(workbook), let bold = unsafe workbook_add_format(workbook)
        else {
            _ = unsafe workbook_close(workbook)
            throw .library(name: "workbook_add_worksheet", code: Int(LXW_ERROR_MEMORY_MALLOC_FAILED.rawValue))
        }
        unsafe format_set_num_format(time, "yyyy-mm-dd hh:mm:ss")
        unsafe format_set_bold(bold)
        self.folder = consume folder
        unsafe self.workbook = workbook
        unsafe self.sheet = sheet
        unsafe self.time = time
        unsafe self.bold = bold
    }

    /// The heading, which stays in sight.
    func begin(_ heading: [String]) throws(DocumentError) {
        guard !heading.isEmpty else { return }
        unsafe worksheet_freeze_panes(sheet, 1, 0)
        try Self.check(
            "worksheet_set_column",
            unsafe worksheet_set_column(sheet, 0, UInt16(clamping: heading.count - 1), 22, nil)
        )
        for (column, name) in heading.enumerated() {
            let code = unsafe worksheet_write_string(sheet, 0, UInt16(clamping: column), name, bold)
            try Self.check("worksheet_write_string", code)
        }
    }

    func write(_ value: Value, row: UInt32, column: UInt16) throws(DocumentError) {
        switch value {
        case .nothing: break
        case .text(let text):
            try Self.check("worksheet_write_string", unsafe worksheet_write_string(sheet, row, column, text, nil))
        case .number(let number):
            try Self.check("worksheet_write_number", unsafe worksheet_write_number(sheet, row, column, number, nil))
        case .flag(let flag):
            try Self.check(
                "worksheet_write_boolean",
                unsafe worksheet_write_boolean(sheet, row, column, flag ? 1 : 0, nil)
            )
        case .day(let day):
            try Self.check("worksheet_write_number", unsafe worksheet_write_number(sheet, row, column, day, time))
        }
    }

    /// Puts the file together.
    func finish() throws(DocumentError) -> OpenFile {
        try Self.check("workbook_close", close())
        guard let folder = folder.take() else { throw .ended }
        return try folder.open()
    }

    // Closing alone frees everything, the file of rows with it.
    deinit { _ = close() }

    private func close() -> lxw_error {
        guard let open = unsafe workbook else { return LXW_NO_ERROR }
        unsafe workbook = nil
        return unsafe workbook_close(open)
    }

    private static func check(_ call: String, _ code: lxw_error) throws(DocumentError) {
        guard code == LXW_NO_ERROR else { throw .library(name: call, code: Int(code.rawValue)) }
    }
}
