import Domain

/// A value that a kind's words may name.
package struct NoticeVariable: Sendable, Hashable {
    package var name: String
    /// How it is written as a rule: a quota's `used` may be a duration as well.
    package var kind: NoticeValue.Kind
    /// Nobody but the recipient may read it: it is kept sealed and left out of logs.
    package var isSecret: Bool
    /// Words must do without it: it stands within a section of its own.
    package var isOptional: Bool
    /// What previews and tests show.
    package var sample: NoticeValue

    package init(name: String, kind: NoticeValue.Kind, isSecret: Bool, isOptional: Bool, sample: NoticeValue) {
        self.name = name
        self.kind = kind
        self.isSecret = isSecret
        self.isOptional = isOptional
        self.sample = sample
    }
}

/// What holds for every notice of a kind, unless a tenant's rule or a recipient's preference says otherwise.
package struct NoticeTerms: Sendable {
    package enum Reach: String, Sendable, Hashable, CaseIterable {
        /// By all channels of which the recipient has an address.
        case every
        /// By the first of them alone.
        case first
    }

    package var audience: NoticeKind.Audience
    package var category: NoticeKind.Category
    /// 0 goes first, 3 last (NTF-10): 0 is for those who wait in front of a page, 3 for campaigns.
    package var priority: Int
    /// ``common`` are named besides these.
    package var variables: [NoticeVariable]
    /// In the order in which they are tried where one will do.
    package var channels: [NoticeChannel]
    package var reach: Reach
    /// Names of ``Domain/Role``: who of the staff is told. Empty for other audiences.
    package var roles: [String]
    /// How long it is of use.
    package var validity: Duration
    /// Many at once become one digest.
    package var gathers: Bool
    package var passesQuietHours: Bool

    /// What the words of every kind may name: it comes from ``NoticeSetting``.
    package static let common: [NoticeVariable] = [
        .required("tenant", .text("Bluewave Internet")),
        .optional("recipient", .text("Ada Lovelace")),
        .optional("support_email", .text("help@bluewave.example")),
        .optional("support_phone", .text("+1 202 555 0143")),
        .optional("preferences_url", .url("https://my.bluewave.example/preferences")),
        .optional("unsubscribe_url", .url("https://my.bluewave.example/unsubscribe?t=4f1c")),
    ]
}

extension NoticeVariable {
    static func required(_ name: String, _ sample: NoticeValue) -> NoticeVariable {
        NoticeVariable(name: name, kind: sample.kind, isSecret: false, isOptional: false, sample: sample)
    }

    static func optional(_ name: String, _ sample: NoticeValue) -> NoticeVariable {
        NoticeVariable(name: name, kind: sample.kind, isSecret: false, isOptional: true, sample: sample)
    }

    static func secret(_ name: String, _ sample: NoticeValue, isOptional: Bool = false) -> NoticeVariable {
        NoticeVariable(name: name, kind: sample.kind, isSecret: true, isOptional: isOptional, sample: sample)
    }
}
