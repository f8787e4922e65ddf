import Domain
import Persistence

/// `service add|list|show|set|unbind|remove`.
enum ServiceCommands {
    static let all: [CommandSpec] = [add, list, show, set, unbind, remove]

    private static let reference = ArgumentSpec("SERVICE", "The service's id or user name.")
    private static let kinds = ServiceKind.allCases.map(\.rawValue)
    private static let statuses = ServiceStatus.allCases.map(\.rawValue)
    private static let passwordDetails = """
        The network password is generated, or read from standard input or the environment; it never stands on the command
        line. A generated one is shown once, here: it is sealed in the database and no command shows it again.
        """
    private static let fields: [OptionSpec] = [
        .value("kind", "KIND", "How the subscriber comes onto the network; default pppoe.", choices: kinds),
        .value("status", "STATUS", "Default active.", choices: statuses),
        .value("expires-at", "TIME", "When it ends: 2026-11-20 or 2026-11-20T10:00:00Z; empty for never."),
        .value("session-limit", "N", "Sessions at once, 1 to 5, in place of the plan's; empty for the plan's."),
        .value("static-ipv4", "ADDRESS", "A fixed IPv4 address; empty for none."),
        .value("framed-ipv6-prefix", "PREFIX", "A fixed IPv6 prefix for the link; empty for none."),
        .value("delegated-ipv6-prefix", "PREFIX", "A fixed IPv6 prefix to delegate; empty for none."),
        .value("router", "DEVICE", "The MikroTik router in whose PPP secrets it lives: id or name; empty for none."),
        .value("password-from", "SOURCE", "The network password: \(SecretSource.forms), or none."),
    ]

    private static let add = CommandSpec(
        "service add",
        "Adds a service to a customer. radius-server admits it within two seconds.",
        details: passwordDetails,
        arguments: [ArgumentSpec("USERNAME", "What the NAS sends as User-Name; a MAC address for kind mac.")],
        options: [
            .value("customer", "CUSTOMER", "The customer's id or code.", required: true),
            .value("plan", "PLAN", "The plan's id or name.", required: true), SharedOptions.scope,
        ] + fields,
        examples: [
            "nexora service add ann --customer C1001 --plan \"Home 50\"",
            "nexora service add 0a:1b:2c:3d:4e:5f --kind mac --customer C1001 --plan \"Home 50\" --password-from none",
        ]
    ) { invocation, context in
        let username = try invocation.requiredArgument("USERNAME")
        let isMAC = invocation.string("kind") == ServiceKind.mac.rawValue
        // A device that is known by its address has nobody to type a password.
        let password = isMAC && !invocation.has("password-from") ? nil : try password(invocation, context)
        let record = try await context.withDatabase { database in
            let secrets = password == nil ? nil : DirectorySecrets(try await context.keyring(for: database))
            return try await context.inDirectory(database, invocation) { directory in
                let customer = try await directory.customer(try invocation.required("customer"))
                let plan = try await directory.plan(try invocation.required("plan"), of: customer.tenantID)
                var service = Service(
                    tenantID: customer.tenantID,
                    id: context.ids.next(),
                    customerID: customer.id,
                    planID: plan.id,
                    username: username
                )
                try apply(invocation, to: &service)
                try await place(invocation, &service, directory)
                try await directory.services.insert(service)
                try await setPassword(password, of: service, secrets, directory)
                return try await output(of: service.id, directory)
            }
        }
        context.report.one(record.showing(password, as: "password"))
    }

    private static let list = CommandSpec(
        "service list",
        "Lists services.",
        options: [
            SharedOptions.scope, .value("customer", "CUSTOMER", "Only this customer's: id or code."),
            .value("plan", "PLAN", "Only those on this plan: id or name."),
            .value("status", "STATUS", "Only those.", choices: statuses), SharedOptions.limit, SharedOptions.after,
        ],
        examples: [
            "nexora service list --customer C1001", "nexora service list --tenant acme --status suspended --json",
        ]
    ) { invocation, context in
        let limit = try SharedOptions.limit(invocation)
        let after: ServiceID? = try SharedOptions.after(invocation)
        let status = invocation.string("status").flatMap(ServiceStatus.init(rawValue:))
        let records = try await context.inDirectory(invocation) { directory in
            let names = try await directory.tenantNames()
            var customer: CustomerID?
            if let reference = invocation.string("customer") { customer = try await directory.customer(reference).id }
            var plan: PlanID?
            if let reference = invocation.string("plan") { plan = try await directory.plan(reference).id }
            return try await directory.services.list(
                after: after,
                limit: limit,
                customer: customer,
                plan: plan,
                status: status
            ).map { OutputRecord($0, names: names) }
        }
        context.report.page(records, limit: limit, none: "no services")
    }

    private static let show = CommandSpec(
        "service show",
        "Shows one service, without its password.",
        arguments: [reference],
        options: [SharedOptions.scope],
        examples: ["nexora service show ann"]
    ) { invocation, context in
        let reference = try invocation.requiredArgument("SERVICE")
        context.report.one(
            try await context.inDirectory(invocation) { directory in
                try await output(of: try await directory.service(reference).id, directory)
            }
        )
    }

    private static let set = CommandSpec(
        "service set",
        "Changes a service: only what is given.",
        details: passwordDetails,
        arguments: [reference],
        options: [
            SharedOptions.scope, .value("username", "NAME", "Its user name."),
            .value("plan", "PLAN", "Its plan: id or name."),
        ] + fields,
        examples: [
            "nexora service set ann --plan \"Home 100\"", "nexora service set ann --status suspended",
            "nexora service set ann --password-from generate",
        ]
    ) { invocation, context in
        let reference = try invocation.requiredArgument("SERVICE")
        let password = invocation.has("password-from") ? try password(invocation, context) : nil
        let record = try await context.withDatabase { database in
            let secrets = password == nil ? nil : DirectorySecrets(try await context.keyring(for: database))
            return try await context.inDirectory(database, invocation) { directory in
                var service = try await directory.service(reference)
                service.username = invocation.string("username") ?? service.username
                if let plan = invocation.string("plan") {
                    service.planID = try await directory.plan(plan, of: service.tenantID).id
                }
                try apply(invocation, to: &service)
                try await place(invocation, &service, directory)
                try await directory.services.update(service)
                if invocation.string("password-from") == "none" {
                    try await directory.services.removePassword(of: service)
                }
                try await setPassword(password, of: service, secrets, directory)
                return try await output(of: service.id, directory)
            }
        }
        context.report.one(record.showing(password, as: "password"))
    }

    private static let unbind = CommandSpec(
        "service unbind",
        "Forgets the device that a service is bound to: the next one to log in is bound in its place.",
        arguments: [reference],
        options: [SharedOptions.scope],
        examples: ["nexora service unbind ann"]
    ) { invocation, context in
        let reference = try invocation.requiredArgument("SERVICE")
        context.report.one(
            try await context.inDirectory(invocation) { directory in
                let service = try await directory.service(reference)
                try await directory.services.unbind(service)
                return try await output(of: service.id, directory)
            }
        )
    }

    private static let remove = CommandSpec(
        "service remove",
        "Removes a service and its password. Its past sessions stay.",
        arguments: [reference],
        options: [SharedOptions.scope],
        examples: ["nexora service remove ann"]
    ) { invocation, context in
        let reference = try invocation.requiredArgument("SERVICE")
        context.report.one(
            try await context.inDirectory(invocation) { directory in
                let service = try await directory.service(reference)
                let record = try await output(of: service.id, directory)
                try await directory.services.remove(service)
                return record
            }
        )
    }

    // MARK: - Parts

    private static func output(of id: ServiceID, _ directory: DirectoryAccess) async throws -> OutputRecord {
        guard let service = try await directory.services.find(id) else { throw PersistenceError.notFound }
        let customer = try await directory.customers.find(service.customerID)
        let plan = try await directory.plans.find(service.planID)
        return OutputRecord(
            service,
            names: try await directory.tenantNames(),
            customer: customer?.code,
            plan: plan?.name
        )
    }

    private static func password(_ invocation: Invocation, _ context: CommandContext) throws -> GivenSecret? {
        let password = try SecretSource(invocation, "password-from", allowsNone: true).secret(
            length: 12,
            context: context
        )
        // User-Password holds at most 128 octets (RFC 2865 §5.2).
        if let password, password.bytes.count > 128 {
            throw CommandFailure(.badData, "the password has \(password.bytes.count) octets; at most 128 are possible")
        }
        return password
    }

    private static func setPassword(
        _ password: GivenSecret?,
        of service: Service,
        _ secrets: DirectorySecrets?,
        _ directory: DirectoryAccess
    ) async throws {
        guard let password, let secrets else { return }
        try await directory.services.setPassword(
            of: service,
            sealed: try secrets.seal(password: password.bytes, of: service.id, tenant: service.tenantID)
        )
    }

    /// The router that it lives on, where one is named.
    private static func place(
        _ invocation: Invocation,
        _ service: inout Service,
        _ directory: DirectoryAccess
    ) async throws {
        guard let reference = invocation.clearable("router") else { return }
        guard let reference else {
            service.routerID = nil
            return
        }
        let device = try await directory.device(reference)
        guard device.tenantID == service.tenantID, device.isRouterOS else {
            throw CommandFailure(.badData, "\"\(device.name)\" is no router of MikroTik of the customer's tenant")
        }
        service.routerID = device.id
    }

    private static func apply(_ invocation: Invocation, to service: inout Service) throws(UsageError) {
        if let kind = invocation.string("kind").flatMap(ServiceKind.init(rawValue:)) { service.kind = kind }
        if service.kind == .mac, let address = MACAddress(service.username) { service.username = address.description }
        if let status = invocation.string("status").flatMap(ServiceStatus.init(rawValue:)) { service.status = status }
        if let limit = try invocation.clearableInteger("session-limit", in: 1...5) { service.sessionLimit = limit }
        try change(
            invocation,
            "expires-at",
            "must be a date or a time: 2026-11-20 or 2026-11-20T10:00:00Z",
            &service.expiresAt
        ) {
            Timestamp($0) ?? CivilDate($0)?.start
        }
        try change(invocation, "static-ipv4", "must be an IPv4 address", &service.staticIPv4) { IPAddress($0) }
        let prefix = "must be an IPv6 prefix without host bits, such as 2001:db8:1::/64"
        try change(invocation, "framed-ipv6-prefix", prefix, &service.framedIPv6Prefix) { IPPrefix($0) }
        try change(invocation, "delegated-ipv6-prefix", prefix, &service.delegatedIPv6Prefix) { IPPrefix($0) }
    }

    private static func change<Value>(
        _ invocation: Invocation,
        _ name: String,
        _ expected: String,
        _ field: inout Value?,
        _ parse: (String) -> Value?
    ) throws(UsageError) {
        guard let given = invocation.clearable(name) else { return }
        guard let text = given else {
            field = nil
            return
        }
        guard let value = parse(text) else { throw invocation.invalid(name, expected) }
        field = value
    }
}
