import Domain
import HTTPServer
import Identity
import Notices
import Persistence
import WireFormat

/// What the notices' groups of routes share.
enum NoticeDesk {
    /// Whose rows are meant.
    static let tenant = Operation.Parameter("tenant_id", .uuid, "Of a tenant below one's own.")

    static let kinds = Schema.choice(NoticeKind.allCases.map(\.rawValue))
    static let channels = Schema.choice(NoticeChannel.allCases.map(\.rawValue))
    static let categories = Schema.choice(NoticeKind.Category.allCases.map(\.rawValue))

    /// The tenant that a request is about: the caller's own, or one that it names. Throws `notFound` for one that he does not reach.
    static func tenant(_ request: Request, _ transaction: ScopedTransaction, _ caller: Caller) async throws -> TenantID
    {
        let own = caller.principal.tenantID
        guard let wanted: TenantID = try request.queryID("tenant_id"), wanted != own else { return own }
        guard case .subtree = caller.principal.reach, try await TenantRepository(transaction).find(wanted) != nil else {
            throw Problem.notFound
        }
        return wanted
    }

    /// Throws `notFound` for a row of a tenant that the caller does not reach.
    static func seen<Row>(_ row: Row?, _ owner: (Row) -> TenantID, _ caller: Caller) throws(Problem) -> Row {
        guard let row else { throw .notFound }
        try caller.principal.see(RecordOwner(tenantID: owner(row)))
        return row
    }

    /// A kind and a channel that the path names. Throws `notFound` for what nobody knows.
    static func place(_ request: Request) throws(Problem) -> NoticeTemplatePlace {
        guard let kind = request.parameters["kind"].flatMap({ NoticeKind(rawValue: $0) }),
            let channel = request.parameters["channel"].flatMap({ NoticeChannel(rawValue: $0) }),
            let language = request.parameters["language"], isLanguage(language)
        else { throw .notFound }
        return NoticeTemplatePlace(kind: kind, channel: channel, language: language)
    }

    /// `fr`, `pt-BR`.
    static func isLanguage(_ text: String) -> Bool { text.wholeMatch(of: /[a-z]{2,3}(-[A-Z]{2})?/) != nil }

    /// A list, in `data`.
    static func list<Row>(_ rows: [Row], _ view: View<Row>) -> Response {
        Response.data { json in
            json.beginArray()
            for row in rows { view.write(row, to: &json) }
            json.endArray()
        }
    }

    static func json(_ write: (inout JSONWriter) -> Void) -> FieldValue {
        var json = JSONWriter()
        write(&json)
        return .json(String(decoding: json.finish(), as: UTF8.self))
    }
}

extension InputKind where Value == [String: String] {
    /// An object of texts and whole numbers, which are taken as they are written.
    static func texts(_ maximum: Int, length: Int) -> InputKind {
        InputKind(
            .object([], isOpen: true),
            "an object of at most \(maximum) texts of at most \(length) characters"
        ) { value in
            guard case .object(let members) = value, members.count <= maximum else { return nil }
            var texts: [String: String] = [:]
            for (name, member) in members {
                guard let text = member.text ?? member.integer.map({ String($0) }), !text.utf8.contains(0),
                    text.unicodeScalars.count <= length, name.unicodeScalars.count <= 50, !name.utf8.contains(0)
                else { return nil }
                texts[name] = text
            }
            return texts
        }
    }
}

extension InputKind where Value == String {
    /// A language as BCP 47 has it, with its region or without.
    static var language: InputKind {
        InputKind(.text(maximum: 6, pattern: "^[a-z]{2,3}(-[A-Z]{2})?$"), "a language such as fr or pt-BR") { value in
            value.text.flatMap { NoticeDesk.isLanguage($0) ? $0 : nil }
        }
    }
}
