import Domain
import HTTPServer

/// What stands in the query, as what it means. Each throws what is wrong with it; nil where it does not stand there.
extension Request {
    /// An id.
    func queryID<Tag>(_ name: String) throws(Problem) -> ID<Tag>? {
        guard let text = query[name] else { return nil }
        guard let id = ID<Tag>(text) else { throw .invalid(name, "must be an id") }
        return id
    }

    /// Yes or no.
    func queryFlag(_ name: String) throws(Problem) -> Bool? {
        guard let text = query[name] else { return nil }
        guard text == "true" || text == "false" else { throw .invalid(name, "must be true or false") }
        return text == "true"
    }

    /// A time.
    func queryMoment(_ name: String) throws(Problem) -> Timestamp? {
        guard let text = query[name] else { return nil }
        guard let time = Timestamp(text) else { throw .invalid(name, "must be a time such as 2026-11-20T10:00:00Z") }
        return time
    }

    /// A day.
    func queryDay(_ name: String) throws(Problem) -> CivilDate? {
        guard let text = query[name] else { return nil }
        guard let day = CivilDate(text) else { throw .invalid(name, "must be a day such as 2026-11-20") }
        return day
    }

    /// How many rows a page of a list has.
    func limit() throws(Problem) -> Int {
        guard let text = query["limit"] else { return 10 }
        guard let limit = Int(text), (1...100).contains(limit), text.utf8.allSatisfy({ (0x30...0x39).contains($0) })
        else {
            throw .invalid("limit", "must be a whole number from 1 to 100")
        }
        return limit
    }
}
