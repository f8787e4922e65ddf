import Domain
import Persistence
import Profiles

/// `plan|nas|service attribute add|list|remove`.
enum ReplyAttributeCommands {
    static let all = Owner.allCases.flatMap { [add($0), list($0), remove($0)] }

    /// Whose attributes they are.
    private enum Owner: String, CaseIterable {
        case plan, nas, service

        var argument: ArgumentSpec {
            switch self {
            case .plan: ArgumentSpec("PLAN", "The plan's id or name.")
            case .nas: ArgumentSpec("NAS", "The NAS's id or name.")
            case .service: ArgumentSpec("SERVICE", "The service's id or user name.")
            }
        }

        var example: String {
            switch self {
            case .plan: "\"Home 50\""
            case .nas: "core"
            case .service: "ann"
            }
        }

        var replies: String {
            switch self {
            case .plan: "a plan's subscribers"
            case .nas: "everybody who logs in on a NAS"
            case .service: "a service"
            }
        }

        /// The owner of that name, locked.
        func find(_ reference: String, _ directory: DirectoryAccess) async throws -> ReplyAttributeOwner {
            switch self {
            case .plan:
                let plan = try await directory.plan(reference)
                return .plan(plan.tenantID, plan.id)
            case .nas:
                let nas = try await directory.nas(reference)
                return .nas(nas.tenantID, nas.id)
            case .service:
                let service = try await directory.service(reference)
                return .service(service.tenantID, service.id)
            }
        }
    }

    private static let operators: KeyValuePairs<String, ReplyOperator> = ["add": .add, "set": .set, "remove": .remove]
    private static let dictionary = OptionSpec.value(
        "dictionary",
        "FILE",
        "The dictionary that radius-server uses, where it is not the installed one."
    )
    private static let details = """
        add (+=) puts an attribute beside what is there, set (:=) in place of all of its name, remove (-=) takes out all of its \
        name or, with a value, the one that equals it. They work in the order in which they were added: the plan's on what \
        the server sends for the vendor (nexora plan speed show), then the NAS's, then the service's. What the server must set \
        itself, such as Class or Message-Authenticator, is refused.
        """

    private static func add(_ owner: Owner) -> CommandSpec {
        CommandSpec(
            "\(owner) attribute add",
            "Adds, sets or removes an attribute in the Access-Accepts of \(owner.replies).",
            details: details,
            arguments: [
                owner.argument,
                ArgumentSpec("ATTRIBUTE", "Its name in the dictionary; a tag may stand behind a colon."),
                ArgumentSpec("VALUE", "Its value as the dictionary writes it.", required: false),
            ],
            options: [
                SharedOptions.scope,
                .value("operator", "OPERATOR", "What it does; default add.", choices: operators.map(\.key)),
                .value(
                    "vendor",
                    "VENDOR",
                    "Only on NASes of this vendor; default all.",
                    choices: NASVendor.allCases.map(\.rawValue)
                ), dictionary,
            ],
            examples: [
                "nexora \(owner) attribute add \(owner.example) Filter-Id gold",
                "nexora \(owner) attribute add \(owner.example) Mikrotik-Address-List vip --operator set --vendor mikrotik",
                "nexora \(owner) attribute add \(owner.example) Idle-Timeout --operator remove",
            ]
        ) { invocation, context in
            let reference = try invocation.requiredArgument(owner.argument.name)
            let asked = invocation.string("operator") ?? "add"
            let attribute = ReplyAttribute(
                name: try invocation.requiredArgument("ATTRIBUTE"),
                action: operators.first { $0.key == asked }?.value ?? .add,
                value: invocation.argument("VALUE") ?? "",
                vendor: invocation.string("vendor").flatMap(NASVendor.init(rawValue:))
            )
            try attribute.validate()
            try check(attribute, try DictionaryFolder.load(invocation.string("dictionary")))
            context.report.one(
                try await context.inDirectory(invocation) { directory in
                    let owner = try await owner.find(reference, directory)
                    return OutputRecord(try await directory.attributes.append(attribute, to: owner))
                }
            )
        }
    }

    private static func list(_ owner: Owner) -> CommandSpec {
        CommandSpec(
            "\(owner) attribute list",
            "Lists the attributes that the Access-Accepts of \(owner.replies) get or lose.",
            details: "Those that the dictionary refuses are left out by radius-server; the last column says why.",
            arguments: [owner.argument],
            options: [SharedOptions.scope, dictionary],
            examples: ["nexora \(owner) attribute list \(owner.example)"]
        ) { invocation, context in
            let reference = try invocation.requiredArgument(owner.argument.name)
            let encoder = ReplyAttributeEncoder(try DictionaryFolder.load(invocation.string("dictionary")).dictionary)
            let attributes = try await context.inDirectory(invocation) { directory in
                try await directory.attributes.list(of: try await owner.find(reference, directory))
            }
            let records = attributes.map { attribute in
                var record = OutputRecord(attribute)
                record.add("problem", .optional(problem(attribute, encoder)))
                return record
            }
            context.report.list(records, none: "no attributes")
        }
    }

    private static func remove(_ owner: Owner) -> CommandSpec {
        CommandSpec(
            "\(owner) attribute remove",
            "Takes an attribute off the list of \(owner.replies); replies are as they were before it was added.",
            arguments: [owner.argument, ArgumentSpec("POSITION", "Its position, as the list shows it.")],
            options: [SharedOptions.scope],
            examples: ["nexora \(owner) attribute remove \(owner.example) 1"]
        ) { invocation, context in
            let reference = try invocation.requiredArgument(owner.argument.name)
            let position = try invocation.position()
            context.report.one(
                try await context.inDirectory(invocation) { directory in
                    let owner = try await owner.find(reference, directory)
                    guard
                        let gone = try await directory.attributes.list(of: owner).first(where: {
                            $0.position == position
                        })
                    else { throw CommandFailure(.notFound, "no attribute at position \(position)") }
                    try await directory.attributes.remove(position: position, of: owner)
                    return OutputRecord(gone)
                }
            )
        }
    }

    private static func check(_ attribute: ReplyAttribute, _ loaded: DictionaryFolder.Loaded) throws(CommandFailure) {
        guard let problem = problem(attribute, ReplyAttributeEncoder(loaded.dictionary)) else { return }
        throw CommandFailure(.badData, "\(problem) (dictionary: \(loaded.source))")
    }

    /// Why radius-server would leave it out; nil when it would not.
    private static func problem(_ attribute: ReplyAttribute, _ encoder: ReplyAttributeEncoder) -> String? {
        do throws(ReplyAttributeError) {
            _ = try encoder.operation(attribute)
            return nil
        } catch {
            return error.description
        }
    }
}

extension OutputRecord {
    /// A reply attribute.
    init(_ attribute: ReplyAttribute) {
        self.init()
        add("position", .integer(Int64(attribute.position)))
        add("attribute", .text(attribute.name))
        add("operator", .text(attribute.action.rawValue))
        add("value", .text(attribute.value))
        add("vendor", .optional(attribute.vendor?.rawValue))
    }
}

extension Invocation {
    /// The argument POSITION.
    func position() throws(UsageError) -> Int {
        guard let position = Int(try requiredArgument("POSITION")), position > 0 else {
            throw UsageError("POSITION must be a whole number above 0", command: command.words)
        }
        return position
    }
}
