import Domain
import Persistence

/// `nas add|list|show|set|remove`.
enum NASCommands {
    static let all: [CommandSpec] = [add, list, show, set, remove]

    private static let reference = ArgumentSpec("NAS", "The NAS's id or name.")
    private static let secretDetails = """
        The shared secret is generated, or read from standard input or the environment; it never stands on the command
        line. A generated one is shown once, here: it is sealed in the database and no command shows it again.
        """
    private static let fields: [OptionSpec] = [
        .value("identifier", "TEXT", "The NAS-Identifier it must send; empty for any."),
        .value(
            "vendor",
            "VENDOR",
            "Whose attributes it understands; default generic.",
            choices: NASVendor.allCases.map(\.rawValue)
        ),
        .value("coa-port", "PORT", "Where it takes CoA and Disconnect; default 3799."),
        .value(
            "require-message-authenticator",
            "yes|no|auto",
            "Refuse Access-Requests without one; auto once none lacked it; default yes."
        ),
        .value("limit-proxy-state", "yes|no", "Refuse Proxy-State without Message-Authenticator; default yes."),
        .value("octets-swapped", "yes|no", "It counts octets from the subscriber's side; default no."),
        .value("auth-rate", "N", "Access-Requests a second, 0 for no limit; empty for radius-server's setting."),
        .value("auth-burst", "N", "How many may come at once; empty for radius-server's setting."),
        .value(
            "address-pool",
            "NAME",
            "The pool of its subscribers' IPv4 addresses: ours, else its own; empty for none."
        ),
        .value("ipv6-pool", "NAME", "The same for IPv6 prefixes of links."),
        .value("delegated-ipv6-pool", "NAME", "The same for IPv6 prefixes to delegate."),
        .value("active", "yes|no", "Packets of an inactive NAS are dropped; default yes."),
        .value("secret-from", "SOURCE", "The shared secret: \(SecretSource.forms)."),
    ]

    private static let add = CommandSpec(
        "nas add",
        "Adds a NAS. radius-server answers it within two seconds, without a restart.",
        details: secretDetails,
        arguments: [ArgumentSpec("NAME", "A name, unique within the tenant.")],
        options: [
            SharedOptions.owner,
            .value("address", "CIDR", "Where its packets come from: 192.0.2.7 or 192.0.2.0/24.", required: true),
        ] + fields,
        examples: [
            "nexora nas add core-1 --tenant acme --address 192.0.2.1 --vendor mikrotik",
            "pass show core-2 | nexora nas add core-2 --tenant acme --address 192.0.2.2 --secret-from stdin",
        ]
    ) { invocation, context in
        let name = try invocation.requiredArgument("NAME")
        let address = try address(invocation)
        let secret = try secret(invocation, context)
        let record = try await context.withDatabase { database in
            let secrets = DirectorySecrets(try await context.keyring(for: database))
            let owner = try invocation.required("tenant")
            return try await context.inWholeDirectory(database) { directory in
                let id: NASID = context.ids.next()
                let tenant = try await directory.tenant(owner)
                var nas = NAS(tenantID: tenant.id, id: id, name: name, address: address ?? IPPrefix(IPAddress(ipv4: 0)))
                try apply(invocation, to: &nas)
                try await insert(
                    nas,
                    sealed: try secrets.seal(secret: secret.bytes, of: id, tenant: nas.tenantID),
                    directory
                )
                return try await output(of: id, directory)
            }
        }
        context.report.one(record.showing(secret, as: "secret"))
    }

    private static let list = CommandSpec(
        "nas list",
        "Lists NASes.",
        options: [SharedOptions.scope, SharedOptions.limit, SharedOptions.after],
        examples: ["nexora nas list", "nexora nas list --tenant acme --json"]
    ) { invocation, context in
        let limit = try SharedOptions.limit(invocation)
        let after: NASID? = try SharedOptions.after(invocation)
        let records = try await context.inDirectory(invocation) { directory in
            let names = try await directory.tenantNames()
            return try await directory.nases.list(after: after, limit: limit).map { OutputRecord($0, names: names) }
        }
        context.report.page(records, limit: limit, none: "no NASes")
    }

    private static let show = CommandSpec(
        "nas show",
        "Shows one NAS, without its secret.",
        arguments: [reference],
        options: [SharedOptions.scope],
        examples: ["nexora nas show core-1"]
    ) { invocation, context in
        let reference = try invocation.requiredArgument("NAS")
        context.report.one(
            try await context.inDirectory(invocation) { directory in
                try await output(of: try await directory.nas(reference).id, directory)
            }
        )
    }

    private static let set = CommandSpec(
        "nas set",
        "Changes a NAS: only what is given.",
        details: secretDetails,
        arguments: [reference],
        options: [
            SharedOptions.scope, .value("name", "NAME", "Its name."),
            .value("address", "CIDR", "Where its packets come from."),
        ] + fields,
        examples: [
            "nexora nas set core-1 --auth-rate 200 --coa-port 1700", "nexora nas set core-1 --secret-from generate",
        ]
    ) { invocation, context in
        let reference = try invocation.requiredArgument("NAS")
        let address = try address(invocation)
        let secret = invocation.has("secret-from") ? try secret(invocation, context) : nil
        let record = try await context.withDatabase { database in
            let secrets = secret == nil ? nil : DirectorySecrets(try await context.keyring(for: database))
            let id = try await context.inDirectory(database, invocation) { try await $0.nas(reference).id }
            return try await context.inWholeDirectory(database) { directory in
                guard var nas = try await directory.nases.find(id, forUpdate: true) else {
                    throw PersistenceError.notFound
                }
                nas.name = invocation.string("name") ?? nas.name
                nas.address = address ?? nas.address
                try apply(invocation, to: &nas)
                try await refuseTwin(of: nas, directory)
                try await directory.nases.update(nas)
                if let secret, let secrets {
                    try await directory.nases.replaceSecret(
                        of: nas,
                        sealed: try secrets.seal(secret: secret.bytes, of: nas.id, tenant: nas.tenantID)
                    )
                }
                return try await output(of: nas.id, directory)
            }
        }
        context.report.one(secret.map { record.showing($0, as: "secret") } ?? record)
    }

    private static let remove = CommandSpec(
        "nas remove",
        "Removes a NAS: its packets are dropped from then on. Its past sessions stay.",
        arguments: [reference],
        options: [SharedOptions.scope],
        examples: ["nexora nas remove core-1"]
    ) { invocation, context in
        let reference = try invocation.requiredArgument("NAS")
        context.report.one(
            try await context.inDirectory(invocation) { directory in
                let nas = try await directory.nas(reference)
                try await directory.nases.remove(nas)
                return OutputRecord(nas, names: try await directory.tenantNames())
            }
        )
    }

    // MARK: - Parts

    static func insert(_ nas: NAS, sealed: [UInt8], _ directory: DirectoryAccess) async throws {
        try await refuseTwin(of: nas, directory)
        try await directory.nases.insert(nas, sealedSecret: sealed)
    }

    /// Two NASes that no packet can tell apart would be one of them by chance.
    private static func refuseTwin(of nas: NAS, _ directory: DirectoryAccess) async throws {
        guard let twin = try await directory.nases.indistinguishable(from: nas).first else { return }
        throw CommandFailure(
            .conflict,
            "\(nas.address) with \(nas.identifier.map { "identifier \"\($0)\"" } ?? "any identifier") "
                + "is NAS \"\(twin.name)\" already: packets could not be told apart; give --identifier"
        )
    }

    private static func output(of id: NASID, _ directory: DirectoryAccess) async throws -> OutputRecord {
        guard let nas = try await directory.nases.find(id) else { throw PersistenceError.notFound }
        return OutputRecord(nas, names: try await directory.tenantNames())
    }

    private static func address(_ invocation: Invocation) throws(UsageError) -> IPPrefix? {
        guard let text = invocation.string("address") else { return nil }
        guard let prefix = IPPrefix(text) else {
            throw invocation.invalid(
                "address",
                "must be an address or a network without host bits: 192.0.2.7 or 192.0.2.0/24"
            )
        }
        return prefix
    }

    private static func secret(_ invocation: Invocation, _ context: CommandContext) throws -> GivenSecret {
        guard let secret = try SecretSource(invocation, "secret-from").secret(length: 32, context: context) else {
            throw invocation.invalid("secret-from", "a NAS needs a secret")
        }
        switch SharedSecretStrength(octets: secret.bytes.count) {
        case .unusable:
            throw CommandFailure(.badData, "the secret has \(secret.bytes.count) octets; 1 to 253 are possible")
        case .weak:
            context.console.note(
                "warning: a secret of \(secret.bytes.count) octets is found offline within a day; use 32"
            )
        case .fair, .strong: break
        }
        return secret
    }

    private static func apply(_ invocation: Invocation, to nas: inout NAS) throws(UsageError) {
        if let identifier = invocation.clearable("identifier") { nas.identifier = identifier }
        if let vendor = invocation.string("vendor").flatMap(NASVendor.init(rawValue:)) { nas.vendor = vendor }
        if let port = try invocation.integer("coa-port", in: 1...65_535) { nas.coaPort = port }
        if invocation.string("require-message-authenticator") == "auto" {
            (nas.requireMessageAuthenticator, nas.ratchetsMessageAuthenticator) = (false, true)
        } else if let flag = try invocation.boolean("require-message-authenticator") {
            (nas.requireMessageAuthenticator, nas.ratchetsMessageAuthenticator) = (flag, false)
        }
        if let flag = try invocation.boolean("limit-proxy-state") { nas.limitProxyState = flag }
        if let flag = try invocation.boolean("octets-swapped") { nas.octetsSwapped = flag }
        if invocation.string("auth-rate") == "" {
            nas.authRate = nil
        } else if let rate = try invocation.integer("auth-rate", in: 0...1_000_000) {
            nas.authRate = rate
        }
        if invocation.string("auth-burst") == "" {
            nas.authBurst = nil
        } else if let burst = try invocation.integer("auth-burst", in: 1...10_000_000) {
            nas.authBurst = burst
        }
        if let name = invocation.clearable("address-pool") { nas.addressPool = name }
        if let name = invocation.clearable("ipv6-pool") { nas.ipv6Pool = name }
        if let name = invocation.clearable("delegated-ipv6-pool") { nas.delegatedIPv6Pool = name }
        if let flag = try invocation.boolean("active") { nas.isActive = flag }
    }
}

extension OutputRecord {
    /// The record with a secret that was made up: the one time it is shown.
    func showing(_ secret: GivenSecret?, as name: String) -> OutputRecord {
        guard let secret, secret.isGenerated else { return self }
        var copy = self
        copy.add(name, .text(secret.text), detail: true)
        return copy
    }
}
