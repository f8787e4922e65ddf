import Domain
import HTTPServer
import Notices
import Persistence
import Profiles

/// How somebody's preferences go out and come in.
enum NoticePreferenceBody {
    static let view = View<NoticePreference>([
        .init("recipient_kind", .choice(["customer", "user"])) { .text($0.recipient.kind) },
        .init("recipient_id", .uuid) { .text($0.recipient.id.description) },
        .init("language", .nullable(.text(6))) { .text($0.language) },
        .init("time_zone", .nullable(.text(64))) { .text($0.timeZone) },
        .init("quiet_from", .nullable(.text(5))) { .text($0.quietFrom.map(clock)) },
        .init("quiet_until", .nullable(.text(5))) { .text($0.quietUntil.map(clock)) },
        .init("channels", .nullable(.list(.text()))) { preference in
            preference.channels.map { .texts($0.map(\.rawValue)) } ?? .null
        },
        .init("refused", .list(NoticeDesk.categories)) { .texts($0.refused.map(\.rawValue).sorted()) },
    ])

    /// What may be refused: who is locked out must learn why.
    private enum Refusable: String, Hashable, Sendable, CaseIterable {
        case money, usage, service, alarm, news
    }

    private enum Way: String, Hashable, Sendable, CaseIterable {
        case email, sms, push
        case inApp = "in_app"
    }

    private struct Draft: Sendable {
        var language: String?
        var timeZone: String?
        var quietFrom: Int?
        var quietUntil: Int?
        var channels: [Way]?
        var refused: [Refusable] = []
    }

    private static let time = InputKind<Int>(
        .text(maximum: 5, pattern: "^([01][0-9]|2[0-3]):[0-5][0-9]$"),
        "a time of the day such as 22:30"
    ) { value in
        guard let text = value.text, text.wholeMatch(of: /([01][0-9]|2[0-3]):[0-5][0-9]/) != nil,
            let hour = Int(text.prefix(2)), let minute = Int(text.suffix(2))
        else { return nil }
        return hour * 60 + minute
    }

    private static let shape = InputShape<Draft>([
        InputField("language", .language, clearable: \.language),
        InputField("time_zone", .text(64, minimum: 1), clearable: \.timeZone),
        InputField("quiet_from", time, clearable: \.quietFrom),
        InputField("quiet_until", time, clearable: \.quietUntil),
        InputField("channels", InputKind.choice().list(4, minimum: 1), clearable: \.channels),
        InputField("refused", InputKind.choice().list(5), \.refused),
    ])

    static let schema = shape.schema(isWhole: true)

    private static func clock(_ minutes: Int) -> String {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(two(minutes / 60)):\(two(minutes % 60))"
    }

    /// What a body says of a recipient, whole: what it leaves out is as usual.
    static func read(
        _ body: JSONValue,
        for recipient: NoticePreference.Recipient,
        in tenant: TenantID
    ) throws -> NoticePreference {
        var draft = Draft()
        try shape.apply(body, to: &draft, isWhole: true)
        guard (draft.quietFrom == nil) == (draft.quietUntil == nil) else {
            throw ValidationError.single("quiet_until", .conflicts(reason: "goes with quiet_from"))
        }
        guard draft.quietFrom == nil || draft.quietFrom != draft.quietUntil else {
            throw ValidationError.single("quiet_until", .conflicts(reason: "must not be quiet_from"))
        }
        if let zone = draft.timeZone,
            zone.wholeMatch(of: /[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+){0,2}/) == nil
                || SystemFiles.timeZone(zone) == nil
        {
            throw ValidationError.single("time_zone", .conflicts(reason: "must be a name such as Europe/Rome"))
        }
        if let channels = draft.channels, Set(channels).count != channels.count {
            throw ValidationError.single("channels", .conflicts(reason: "names one twice"))
        }
        var preference = NoticePreference(tenantID: tenant, recipient: recipient)
        (preference.language, preference.timeZone) = (draft.language, draft.timeZone)
        (preference.quietFrom, preference.quietUntil) = (draft.quietFrom, draft.quietUntil)
        preference.channels = draft.channels?.compactMap { NoticeChannel(rawValue: $0.rawValue) }
        preference.refused = Set(draft.refused.compactMap { NoticeKind.Category(rawValue: $0.rawValue) })
        return preference
    }

    /// Stores a request's body, on record.
    static func put(
        _ request: Request,
        _ parts: Parts,
        _ recipient: (Work) async throws -> (NoticePreference.Recipient, TenantID)
    ) async throws -> Response {
        let body = try await request.payload()
        return try await parts.change(request) { work in
            let (whose, tenant) = try await recipient(work)
            let wanted = try read(body, for: whose, in: tenant)
            let store = NoticeConsent(work.transaction)
            let before = try await store.preference(of: whose, in: tenant, forUpdate: true)
            let after = try await store.put(wanted)
            work.record(
                .update,
                AuditResource("notice_preference", whose.id),
                of: tenant,
                .updated(view.auditValue(before), view.auditValue(after))
            )
            return view.answer(after)
        }
    }
}
