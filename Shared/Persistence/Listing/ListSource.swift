import Postgres
package import WireFormat

/// A resource that can be listed: where its rows lie, what they are filtered and sorted by, and how they go out.
package struct ListSource<Row: Sendable>: Sendable {
    /// As paths and file names have it: `customers`.
    package let name: String
    /// What `filter` understands.
    package let fields: [ListField]
    /// What a row consists of when it goes out.
    package let columns: [OutputColumn<Row>]
    /// `sort` where nothing is said.
    package let defaultSort: String
    /// Rows are deleted softly, and hidden then.
    package let hasDeletion: Bool

    let orders: [ListSort]
    /// Tables of the same columns, whose rows together are the list.
    let tables: [String]
    /// What is read of each table: the same columns in the same order. `*` where there is one table.
    let reads: String
    /// What is selected of a row `r`, and what is joined to rows that were found.
    let selection: String
    let joins: String
    let search: ListSearch?
    /// A field that says which table alone is read where it must be true.
    let live: (field: String, table: String)?
    /// Texts that are sought row by row, and the fields of which one must bound how many rows those are.
    let bounded: (texts: Set<String>, by: Set<String>)?
    let decode: @Sendable (PGRow) throws -> Row

    init(
        name: String,
        tables: [String],
        reads: String = "*",
        selection: String,
        joins: String = "",
        fields: [ListField],
        orders: [ListSort],
        defaultSort: String,
        columns: [OutputColumn<Row>],
        search: ListSearch? = nil,
        hasDeletion: Bool = false,
        live: (field: String, table: String)? = nil,
        bounded: (texts: Set<String>, by: Set<String>)? = nil,
        decode: @escaping @Sendable (PGRow) throws -> Row
    ) {
        self.name = name
        self.tables = tables
        self.reads = reads
        self.selection = selection
        self.joins = joins
        self.fields = fields
        self.orders = orders
        self.defaultSort = defaultSort
        self.columns = columns
        self.search = search
        self.hasDeletion = hasDeletion
        self.live = live
        self.bounded = bounded
        self.decode = decode
    }

    /// What `sort` understands.
    package var sorts: [String] { orders.map(\.name) }
    /// Fields of which a filter leaves few rows.
    var narrowing: [String] {
        fields.filter { $0.isSelective || bounded?.by.contains($0.name) == true }.map(\.name)
    }
    /// Whether `q` is understood.
    package var hasSearch: Bool { search != nil }

    /// The columns of these names in their own order; all for nil. Throws for a name that is not there, or for none at all.
    package func columns(named names: [String]?) throws(ListError) -> [OutputColumn<Row>] {
        guard let names else { return columns }
        let wanted = Set(names)
        let found = columns.filter { wanted.contains($0.name) }
        guard !found.isEmpty, found.count == wanted.count else {
            throw ListError(
                parameter: "fields",
                reason: "must be some of \(columns.map(\.name).joined(separator: ", "))"
            )
        }
        return found
    }

    /// Writes a row as a JSON object of these columns; all for nil.
    package func write(_ row: Row, fields: [OutputColumn<Row>]? = nil, to writer: inout JSONWriter) {
        writer.beginObject()
        for column in fields ?? columns {
            writer.key(string: column.name)
            column.value(row).write(to: &writer)
        }
        writer.endObject()
    }
}

/// How a resource is searched.
enum ListSearch: Sendable {
    /// By an expression over the row `r`, row by row: for tables of hundreds.
    case scan(String)
    /// By a function that finds ids through trigrams where a search finds few; else row by row in the order of the list,
    /// in any of these places.
    case trigrams(function: String, places: [Place])

    /// A text that is searched, and SQL in which `%` stands for what it must hold. OFFSET 0 in it makes a subquery a probe for
    /// each row, which a page needs few of; without it, as a total has it, the planner may read the other table once.
    struct Place: Sendable {
        let text: String
        let condition: String
    }

    /// The search of a row, with the words' places as parameters. All words are in one text.
    func condition(_ words: [String], isTotal: Bool) -> String {
        switch self {
        case .scan(let expression):
            words.map { "' ' || lower(\(expression)) LIKE lower(\($0))" }.joined(separator: " AND ")
        case .trigrams(_, let places):
            places.map { place in
                place.condition.replacing("OFFSET 0", with: isTotal ? "" : "OFFSET 0").replacing(
                    "%",
                    with: words.map { "\(place.text) LIKE lower(\($0))" }.joined(separator: " AND ")
                )
            }.joined(separator: " OR ")
        }
    }
}
