package import Domain
import Postgres

/// What a notice's words are made with, as it is in this moment.
package struct NoticeBackground: Hashable, Sendable {
    package var tenantName: String
    package var settings: TenantSettings
    package var recipientName: String?
    /// The recipient's own zone; nil for the tenant's.
    package var timeZone: String?

    package init(tenantName: String, settings: TenantSettings, recipientName: String?, timeZone: String?) {
        self.tenantName = tenantName
        self.settings = settings
        self.recipientName = recipientName
        self.timeZone = timeZone
    }
}

/// Words that a tenant has in place of the product's.
package struct NoticeWords: Hashable, Sendable {
    package var language: String
    package var subject: String?
    package var text: String
    package var html: String?

    package init(language: String, subject: String?, text: String, html: String?) {
        self.language = language
        self.subject = subject
        self.text = text
        self.html = html
    }
}

/// What is asked about a notice just before it is told.
package struct NoticeQuestion: Hashable, Sendable {
    /// An address that its owner may have refused.
    package struct Address: Hashable, Sendable {
        package var digest: [UInt8]
        package var category: String
        package var mayBeRefused: Bool

        package init(digest: [UInt8], category: String, mayBeRefused: Bool) {
            (self.digest, self.category, self.mayBeRefused) = (digest, category, mayBeRefused)
        }
    }

    package var notice: ClaimedNotice
    package var address: Address?
    /// The languages that it may be told in, first the wanted one; empty for what nobody carries: it has neither words nor providers.
    package var languages: [String]

    package init(_ notice: ClaimedNotice, address: Address?, languages: [String]) {
        (self.notice, self.address, self.languages) = (notice, address, languages)
    }
}

/// What stands behind a notice just before it is told.
package struct NoticeStanding: Hashable, Sendable {
    /// Nil where there is no such recipient any more, or the user may not sign in any more.
    package var background: NoticeBackground?
    /// Whether the address is not written to: what of that category is told, or all of it. Who only unsubscribed is still told what
    /// nobody may refuse; who complained, or cannot be reached, is not.
    package var isSuppressed: Bool
    /// The words that the tenant or, where it has none in that language, its nearest ancestor uses, at most one set for each language.
    package var words: [NoticeWords]
    /// The enabled providers of the channel, in the order in which they are asked: the tenant's own, or where it has none those of its
    /// nearest ancestor that has any.
    package var providers: [NoticeProviderRow]

    package init(
        background: NoticeBackground?,
        isSuppressed: Bool = false,
        words: [NoticeWords] = [],
        providers: [NoticeProviderRow] = []
    ) {
        self.background = background
        self.isSuppressed = isSuppressed
        self.words = words
        self.providers = providers
    }
}

extension NoticeSources {
    /// What stands behind each of them in this moment, in their order and in one round trip. Words and providers that several ask for are
    /// read once.
    package func standings(of questions: [NoticeQuestion]) async throws(StorageFault) -> [NoticeStanding] {
        guard !questions.isEmpty else { return [] }
        return try await guardedRows {
            let asked = AskedTogether(questions)
            return try asked.answers(questions, try await executor.pipeline(asked.statements))
        }
    }
}

/// The statements that answer questions, and whose answers their rows are.
private struct AskedTogether {
    private struct WordsOf: Hashable {
        let tenant: TenantID
        let kind: String
        let channel: String
        let languages: [String]

        init?(_ question: NoticeQuestion) {
            guard !question.languages.isEmpty else { return nil }
            (tenant, kind, channel) = (question.notice.tenantID, question.notice.kind, question.notice.channel)
            languages = question.languages
        }
    }

    private struct RosterOf: Hashable {
        let tenant: TenantID
        let channel: String

        init?(_ question: NoticeQuestion) {
            guard !question.languages.isEmpty else { return nil }
            (tenant, channel) = (question.notice.tenantID, question.notice.channel)
        }
    }

    private let words: [WordsOf]
    private let rosters: [RosterOf]
    let statements: [PGStatement]

    init(_ questions: [NoticeQuestion]) {
        words = Array(Set(questions.compactMap { WordsOf($0) }))
        rosters = Array(Set(questions.compactMap { RosterOf($0) }))
        statements =
            [Self.backgrounds(questions), Self.suppressed(questions)]
            + words.map {
                PGStatement(
                    NoticeSQL.words,
                    [.id($0.tenant), .text($0.kind), .text($0.channel), .textArray($0.languages)]
                )
            } + rosters.map { PGStatement(NoticeSQL.roster, [.id($0.tenant), .text($0.channel)]) }
    }

    func answers(_ questions: [NoticeQuestion], _ rows: [PGRows]) throws -> [NoticeStanding] {
        let backgrounds = try Self.byPlace(rows[0]) { row in
            NoticeBackground(
                tenantName: try row.need("name", \.text),
                settings: TenantSettingsJSON.read(try row.need("settings", \.text)),
                recipientName: row["recipient"].text,
                timeZone: row["time_zone"].text
            )
        }
        let suppressed = try Self.byPlace(rows[1]) { _ in true }
        let words = Dictionary(
            uniqueKeysWithValues: try zip(words, rows.dropFirst(2)).map { ($0, try $1.map { try NoticeWords($0) }) }
        )
        let rosters = Dictionary(
            uniqueKeysWithValues: try zip(rosters, rows.dropFirst(2 + self.words.count)).map { roster, rows in
                (roster, try rows.map { try NoticeProviderRow(inRoster: $0) })
            }
        )
        return questions.enumerated().map { place, question in
            NoticeStanding(
                background: backgrounds[place],
                isSuppressed: suppressed[place] ?? false,
                words: WordsOf(question).flatMap { words[$0] } ?? [],
                providers: RosterOf(question).flatMap { rosters[$0] } ?? []
            )
        }
    }

    /// Places begin with 0.
    private static func byPlace<Value>(_ rows: PGRows, _ value: (PGRow) throws -> Value) throws -> [Int: Value] {
        var values: [Int: Value] = [:]
        for row in rows { values[try row.need("place", \.int) - 1] = try value(row) }
        return values
    }

    private static func backgrounds(_ questions: [NoticeQuestion]) -> PGStatement {
        PGStatement(
            NoticeSQL.backgrounds,
            [
                .uuids(questions.map(\.notice.tenantID.value)), .textArray(questions.map(\.notice.recipientKind)),
                .uuids(questions.map(\.notice.recipientID)),
            ]
        )
    }

    private static func suppressed(_ questions: [NoticeQuestion]) -> PGStatement {
        PGStatement(
            NoticeSQL.suppressed,
            [
                .uuids(questions.map(\.notice.tenantID.value)), .textArray(questions.map(\.notice.channel)),
                .byteaArray(questions.map(\.address?.digest)), .textArray(questions.map(\.address?.category)),
                .boolArray(questions.map(\.address?.mayBeRefused)),
            ]
        )
    }
}

extension NoticeWords {
    fileprivate init(_ row: PGRow) throws {
        self.init(
            language: try row.need("language", \.text),
            subject: row["subject"].text,
            text: try row.need("text", \.text),
            html: row["html"].text
        )
    }
}
