import Postgres

/// What a query string says about a list, unread. Nil is what was not given.
package struct ListParameters: Sendable, Equatable {
    package var limit: String?
    package var cursor: String?
    package var sort: String?
    /// Each `filter`.
    package var filters: [String]
    /// `q`.
    package var search: String?
    package var count: String?
    package var deleted: String?

    package init(
        limit: String? = nil,
        cursor: String? = nil,
        sort: String? = nil,
        filters: [String] = [],
        search: String? = nil,
        count: String? = nil,
        deleted: String? = nil
    ) {
        self.limit = limit
        self.cursor = cursor
        self.sort = sort
        self.filters = filters
        self.search = search
        self.count = count
        self.deleted = deleted
    }
}

/// Whether a list shows rows that were deleted softly.
package enum DeletedRows: String, Sendable, CaseIterable {
    case exclude, include, only
}

/// A list as it was asked for, read and checked against the resource's rules.
package struct ListQuery<Row: Sendable>: Sendable {
    /// How many rows a page has at most, and has when nothing is said.
    package static var limits: (usual: Int, most: Int) { (10, 100) }
    static var mostFilters: Int { 20 }

    /// 1...100, unless ``limited(to:)`` said otherwise.
    package private(set) var limit: Int
    let cursor: String?
    let sort: ListSort
    let isDescending: Bool
    package private(set) var filters: [ListFilter]
    let search: SearchTerms?
    /// Whether the total is wanted.
    package let wantsTotal: Bool
    let deleted: DeletedRows

    /// Reads the parameters. Throws for the first that the resource does not understand.
    package init(_ parameters: ListParameters = ListParameters(), of source: ListSource<Row>) throws(ListError) {
        limit = try Self.limit(parameters.limit)
        cursor = parameters.cursor
        (sort, isDescending) = try Self.sort(parameters.sort ?? source.defaultSort, source)
        guard parameters.filters.count <= Self.mostFilters else {
            throw ListError(parameter: "filter", reason: "may stand at most \(Self.mostFilters) times")
        }
        var filters: [ListFilter] = []
        for text in parameters.filters { filters.append(try ListFilter(text, fields: source.fields)) }
        self.filters = filters
        if let text = parameters.search {
            guard source.hasSearch else { throw ListError(parameter: "q", reason: "is not known here") }
            search = try SearchTerms(text)
        } else {
            search = nil
        }
        wantsTotal = try Self.word(parameters.count, "count", ["true", "false"]) == "true"
        let word = try Self.word(parameters.deleted, "deleted", DeletedRows.allCases.map(\.rawValue))
        if word != nil, !source.hasDeletion { throw ListError(parameter: "deleted", reason: "is not known here") }
        deleted = word.flatMap(DeletedRows.init(rawValue:)) ?? .exclude
    }

    /// The same with a further condition: what a route's path says.
    package func adding(_ filter: ListFilter) -> ListQuery {
        var query = self
        query.filters.append(filter)
        return query
    }

    /// Throws for a text that would be sought in every row there is.
    func check(_ source: ListSource<Row>) throws(ListError) {
        guard let bounded = source.bounded,
            let sought = filters.first(where: {
                bounded.texts.contains($0.field.name) && [.prefix, .contains].contains($0.comparison)
            })
        else { return }
        let isBounded = filters.contains { filter in
            guard filter.field.isSelective || bounded.by.contains(filter.field.name) else { return false }
            switch filter.comparison {
            case .eq: return filter.values != [.bool(false)]
            case .gt, .gte: return true
            default: return false
            }
        }
        guard !isBounded else { return }
        throw ListError(
            parameter: "filter",
            reason: "by \(sought.field.name) needs another beside it that bounds what is searched: "
                + source.narrowing.joined(separator: ", ") + ", a time with gte"
        )
    }

    /// The same with another limit, which nobody outside has a say in: for rows that belong to those of a page.
    package func limited(to most: Int) -> ListQuery {
        var query = self
        query.limit = most
        return query
    }

    /// Everything but limit and cursor, for the cursor to be bound to.
    func binding(_ source: ListSource<Row>) -> [String] {
        [source.name, (isDescending ? "-" : "") + sort.name, deleted.rawValue] + (search?.patterns ?? [])
            + ["filters"] + filters.map(\.text)
    }

    private static func limit(_ text: String?) throws(ListError) -> Int {
        guard let text else { return limits.usual }
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(text),
            (1...limits.most).contains(number)
        else { throw ListError(parameter: "limit", reason: "must be a whole number from 1 to \(limits.most)") }
        return number
    }

    private static func sort(_ text: String, _ source: ListSource<Row>) throws(ListError) -> (ListSort, Bool) {
        let isDescending = text.hasPrefix("-")
        let name = isDescending ? text.dropFirst() : text[...]
        guard let sort = source.orders.first(where: { $0.name == name }) else {
            throw ListError(
                parameter: "sort",
                reason: "must be one of \(source.sorts.joined(separator: ", ")), with - before it for descending"
            )
        }
        return (sort, isDescending)
    }

    private static func word(_ text: String?, _ parameter: String, _ words: [String]) throws(ListError) -> String? {
        guard let text else { return nil }
        guard words.contains(text) else {
            throw ListError(parameter: parameter, reason: "must be one of \(words.joined(separator: ", "))")
        }
        return text
    }
}
