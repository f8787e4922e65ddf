/// What an attribute of a reply does to what stands there already.
package enum ReplyOperator: String, Hashable, Sendable, CaseIterable {
    /// In place of all of its name.
    case set = ":="
    /// Beside what is there.
    case add = "+="
    /// Takes out all of its name, or, with a value, those that equal it.
    case remove = "-="
}

/// Whose replies an attribute changes.
package enum ReplyAttributeOwner: Hashable, Sendable {
    case plan(TenantID, PlanID)
    case nas(TenantID, NASID)
    case service(TenantID, ServiceID)
}

/// An attribute that an operator adds to, sets in or removes from Access-Accepts (tables plan_, nas_ and
/// service_reply_attributes). Applied in the order of their positions, the plan's first, then the NAS's, then the
/// service's.
package struct ReplyAttribute: Hashable, Sendable {
    /// The dictionary's name, or a number such as `Attr-26.9.1`; a tag may stand behind a colon.
    package var name: String
    package var action: ReplyOperator
    /// As the dictionary writes it. Empty only where `action` takes out all of the name.
    package var value: String
    /// Only for NASes of this vendor; nil for all.
    package var vendor: NASVendor?
    /// Place among its owner's; the repository numbers them.
    package var position: Int

    package init(
        name: String,
        action: ReplyOperator,
        value: String,
        vendor: NASVendor? = nil,
        position: Int = 0
    ) {
        self.name = name
        self.action = action
        self.value = value
        self.vendor = vendor
        self.position = position
    }

    /// Octets of a value as text: an attribute holds 253 octets, each of which may be written as four characters.
    package static let longestValue = 1024
    /// Attributes that one plan, NAS or service may have.
    package static let most = 64
}

extension ReplyAttribute: Validated {
    package func check(_ checks: inout FieldChecks) {
        checks.text("name", name, maximum: 128)
        checks.optional("value", value, maximum: Self.longestValue)
        // Columns are read joined by control characters.
        for (field, text) in [("name", name), ("value", value)]
        where text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
            checks.refuse(field, .malformed(expected: "text without control characters; write them as \\n or \\x00"))
        }
        if action != .remove, value.isEmpty { checks.refuse("value", .missing) }
    }
}
