import RADIUS

/// `dictionary`.
enum DictionaryCommand {
    static let all: [CommandSpec] = [
        CommandSpec(
            "dictionary",
            "Shows RADIUS attributes: number, vendor, type, flags and the names of values.",
            details: """
                A whole name or number shows one attribute with its values. Part of a name, or of a vendor's, lists what has it;
                a vendor's number such as 26.9 lists its attributes; without either, all are listed. The dictionary is
                FreeRADIUS', in /usr/share/freeradius, where it is installed, else the small one of the server itself.
                """,
            arguments: [
                ArgumentSpec("attribute", "A name, part of one, or a number such as 8 or 26.14988.8.", required: false)
            ],
            options: [
                .value("path", "FILE", "A dictionary in FreeRADIUS' format; it includes files of its own folder only."),
                SharedOptions.limit,
            ],
            examples: [
                "nexora dictionary Acct-Status-Type", "nexora dictionary 26.14988.8",
                "nexora dictionary rate --limit 20",
                "nexora dictionary 26.9 --path /etc/nexora/dictionary --json",
            ]
        ) { invocation, context in
            let limit = try SharedOptions.limit(invocation)
            let loaded = try DictionaryFolder.load(invocation.string("path"))
            let dictionary = loaded.dictionary
            for warning in dictionary.warnings { context.report.note("nexora: warning: \(warning)") }
            let wanted = invocation.argument("attribute")
            if let wanted, let attribute = exact(wanted, dictionary) {
                return context.report.one(record(attribute, dictionary, source: loaded.source))
            }
            let found = wanted.map { search($0, dictionary) } ?? dictionary.attributes
            if let wanted, found.isEmpty {
                throw CommandFailure(.notFound, "no attribute has \"\(wanted)\" in \(loaded.source)")
            }
            context.report.list(found.prefix(limit).map { record($0, dictionary) }, none: "no attributes")
            if found.count > limit {
                context.report.note("\(limit) of \(found.count) attributes; --limit shows more")
            }
        }
    ]

    /// The attribute of that name or number.
    private static func exact(_ wanted: String, _ dictionary: AttributeDictionary) -> DictionaryAttribute? {
        if let path = AttributeDictionary.path(wanted) { return dictionary.attribute(at: path) }
        return dictionary.attribute(named: wanted)
    }

    /// Attributes below that number, or with that text in their name or their vendor's.
    private static func search(_ wanted: String, _ dictionary: AttributeDictionary) -> [DictionaryAttribute] {
        if let path = AttributeDictionary.path(wanted) {
            return dictionary.attributes.filter { dictionary.path(of: $0).starts(with: path) }
        }
        let text = wanted.lowercased()
        return dictionary.attributes.filter { attribute in
            attribute.name.lowercased().contains(text)
                || dictionary.vendor(of: attribute)?.name.lowercased().contains(text) == true
        }
    }

    /// What is told of an attribute; its values and where it was defined only when it is told alone.
    private static func record(
        _ attribute: DictionaryAttribute,
        _ dictionary: AttributeDictionary,
        source: String? = nil
    ) -> OutputRecord {
        var record = OutputRecord()
        let vendor = dictionary.vendor(of: attribute)
        let length = attribute.length == 0 ? "" : "[\(attribute.length)]"
        let hiding = attribute.hiding == .none ? [] : ["encrypt=\(attribute.hiding.rawValue)"]
        record.add("name", .text(attribute.name))
        record.add("number", .text(dictionary.number(of: attribute)))
        record.add("vendor", .optional(vendor?.name))
        record.add("type", .text(attribute.type.name + length))
        record.add("flags", .list((attribute.flags.names + hiding).map(OutputValue.text)))
        guard let source else { return record }
        record.add("format", .optional(vendor?.format.text))
        let values = dictionary.values(of: attribute).map { OutputValue.text("\($0.name)=\($0.number)") }
        record.add("values", .list(values))
        let path = dictionary.path(of: attribute)
        let others = dictionary.attributes.filter { $0.name != attribute.name && dictionary.path(of: $0) == path }
        record.add("otherNames", .list(others.map { .text($0.name) }))
        record.add("dictionary", .text(source))
        return record
    }
}
