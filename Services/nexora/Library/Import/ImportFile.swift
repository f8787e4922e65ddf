package import Domain
import WireFormat

/// An import file, read and checked as far as the file alone allows.
package struct ImportFile: Sendable {
    /// The rows fit to be stored, in the file's order.
    package private(set) var rows: [ImportRow] = []
    /// What is wrong with the others, by line.
    package private(set) var problems: [ImportProblem] = []
    /// How many lines held a record, good or bad.
    package private(set) var recordCount = 0

    private let tenant: TenantID
    private let ids: IDGenerator
    private var customerLines: [String: Int] = [:]
    private var usernameLines: [String: Int] = [:]

    /// Reads a file. Throws when its heading cannot be used; everything else becomes a problem of its line.
    /// `progress` hears the share that was read, now and then.
    package init(
        _ bytes: [UInt8],
        tenant: TenantID,
        ids: IDGenerator,
        progress: (Double) -> Void = { _ in }
    ) throws(ImportProblem) {
        self.tenant = tenant
        self.ids = ids
        var reader = CSVReader(bytes)
        let heading = try Self.heading(&reader)
        var badCustomers: [String: Int] = [:]
        while true {
            do throws(CSVError) {
                guard let record = try reader.next() else { break }
                recordCount += 1
                if recordCount % 5_000 == 0 { progress(reader.progress) }
                read(record, heading, &badCustomers)
            } catch {
                recordCount += 1
                problems.append(ImportProblem(line: error.line, error.reason))
                if error.endsFile { break }
            }
        }
        problems.sort()
    }

    /// Leaves the rows at fault out, and with them the rows of customers whose own line is at fault.
    package mutating func add(problems found: [ImportProblem]) {
        guard !found.isEmpty else { return }
        let bad = Set(found.map(\.line))
        let badCustomers = Dictionary(
            rows.lazy.filter { bad.contains($0.line) && $0.customer != nil }.map { ($0.code, $0.line) },
            uniquingKeysWith: { first, _ in first }
        )
        let orphans = rows.filter { $0.customer == nil && !bad.contains($0.line) && badCustomers[$0.code] != nil }
        let orphanProblems = orphans.map { Self.orphan($0.line, badCustomers[$0.code] ?? 0) }
        let dropped = bad.union(orphans.map(\.line))
        rows.removeAll { dropped.contains($0.line) }
        problems = (problems + found + orphanProblems).sorted()
    }

    /// The codes this file defines customers for.
    package var definedCodes: Set<String> { Set(rows.lazy.filter { $0.customer != nil }.map(\.code)) }

    private mutating func read(
        _ record: CSVRecord,
        _ heading: [ImportColumn],
        _ badCustomers: inout [String: Int]
    ) {
        if record.fields.count > heading.count {
            problems.append(
                ImportProblem(line: record.line, "has \(record.fields.count) fields, the heading has \(heading.count)")
            )
            return
        }
        var values: [ImportColumn: String] = [:]
        for (column, field) in zip(heading, record.fields) where !field.isEmpty {
            values[column] = column == .password ? field : field.trimmed
        }
        var reader = ImportRowReader(line: record.line, values: values, tenant: tenant, ids: ids)
        let row = reader.row()
        var found = reader.problems
        if let row {
            if row.customer != nil, let first = customerLines[row.code] {
                found.append(
                    ImportProblem(
                        line: row.line,
                        column: .code,
                        "is defined on line \(first) already; leave the customer's columns empty to add a service"
                    )
                )
            }
            if let name = row.service?.service.username, let first = usernameLines[name] {
                found.append(ImportProblem(line: row.line, column: .username, "stands on line \(first) already"))
            }
            if row.customer == nil, let bad = badCustomers[row.code], customerLines[row.code] == nil {
                found.append(Self.orphan(row.line, bad))
            }
        }
        guard let row, found.isEmpty else {
            if let code = values[.code], values[.name] != nil { badCustomers[code] = record.line }
            problems += found
            return
        }
        if row.customer != nil { customerLines[row.code] = row.line }
        if let name = row.service?.service.username { usernameLines[name] = row.line }
        rows.append(row)
    }

    private static func orphan(_ line: Int, _ customerLine: Int) -> ImportProblem {
        ImportProblem(
            line: line,
            column: .code,
            "belongs to the customer on line \(customerLine), which is not fit to be stored"
        )
    }

    private static func heading(_ reader: inout CSVReader) throws(ImportProblem) -> [ImportColumn] {
        let record: CSVRecord?
        do {
            record = try reader.next()
        } catch {
            throw ImportProblem(line: error.line, error.reason)
        }
        guard let record else { throw ImportProblem(line: 1, "the file is empty") }
        var columns: [ImportColumn] = []
        for field in record.fields {
            let name = field.trimmed.lowercased()
            guard let column = ImportColumn(rawValue: name) else {
                throw ImportProblem(
                    line: record.line,
                    "unknown column \"\(field.displayable)\""
                        + NearestWord.hint(for: name, among: ImportColumn.allCases.map(\.rawValue))
                )
            }
            guard !columns.contains(column) else {
                throw ImportProblem(line: record.line, "column \"\(name)\" stands twice")
            }
            columns.append(column)
        }
        guard columns.contains(.code) else { throw ImportProblem(line: record.line, "column \"code\" is missing") }
        return columns
    }
}

extension ImportProblem: Error {}

extension String {
    /// Without blanks at either end.
    fileprivate var trimmed: String {
        guard first?.isWhitespace == true || last?.isWhitespace == true else { return self }
        let start = drop(while: \.isWhitespace)
        return String(
            start[..<(start.lastIndex { !$0.isWhitespace }.map { start.index(after: $0) } ?? start.startIndex)]
        )
    }
}
