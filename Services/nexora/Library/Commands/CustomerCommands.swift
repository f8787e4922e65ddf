import Domain
import Persistence

/// `customer add|list|show|set|remove`.
enum CustomerCommands {
    static let all: [CommandSpec] = [add, list, show, set, remove]

    private static let reference = ArgumentSpec("CUSTOMER", "The customer's id or code.")
    private static let statuses = CustomerStatus.allCases.map(\.rawValue)
    private static let fields: [OptionSpec] = [
        .value("email", "ADDRESS", "E-mail address; empty for none."),
        .value("status", "STATUS", "Default active.", choices: statuses),
        .value("due-day", "N", "Day of the month a bill is due, 1 to 31; default 15."),
        .value("notes", "TEXT", "Anything."),
    ]

    private static let add = CommandSpec(
        "customer add",
        "Adds a customer.",
        arguments: [ArgumentSpec("CODE", "The customer's own number, unique within the tenant.")],
        options: [
            SharedOptions.owner, .value("name", "NAME", "The customer's name.", required: true),
            .value("phone", "NUMBER", "A phone number.", required: true),
            .value("address", "TEXT", "A postal address.", required: true),
        ] + fields,
        examples: [
            "nexora customer add C1001 --tenant acme --name \"Ann Lee\" --phone +49301234 --address \"Street 1, Town\""
        ]
    ) { invocation, context in
        let code = try invocation.requiredArgument("CODE")
        let record = try await context.inDirectory(invocation) { directory in
            var customer = Customer(
                tenantID: directory.root,
                id: context.ids.next(),
                code: code,
                name: try invocation.required("name"),
                phone: try invocation.required("phone"),
                address: try invocation.required("address")
            )
            try apply(invocation, to: &customer)
            try await directory.customers.insert(customer)
            return try await output(of: customer.id, directory)
        }
        context.report.one(record)
    }

    private static let list = CommandSpec(
        "customer list",
        "Lists customers.",
        options: [
            SharedOptions.scope, .value("status", "STATUS", "Only those.", choices: statuses),
            .value("search", "TEXT", "Only those with this in their code or name."), SharedOptions.limit,
            SharedOptions.after,
        ],
        examples: ["nexora customer list --tenant acme --status suspended", "nexora customer list --search lee --json"]
    ) { invocation, context in
        let limit = try SharedOptions.limit(invocation)
        let after: CustomerID? = try SharedOptions.after(invocation)
        let status = invocation.string("status").flatMap(CustomerStatus.init(rawValue:))
        let records = try await context.inDirectory(invocation) { directory in
            let names = try await directory.tenantNames()
            return try await directory.customers.list(
                after: after,
                limit: limit,
                status: status,
                search: invocation.string("search")
            ).map { OutputRecord($0, names: names) }
        }
        context.report.page(records, limit: limit, none: "no customers")
    }

    private static let show = CommandSpec(
        "customer show",
        "Shows one customer with his services.",
        arguments: [reference],
        options: [SharedOptions.scope],
        examples: ["nexora customer show C1001"]
    ) { invocation, context in
        let reference = try invocation.requiredArgument("CUSTOMER")
        context.report.one(
            try await context.inDirectory(invocation) { directory in
                let customer = try await directory.customer(reference)
                var record = try await output(of: customer.id, directory)
                let services = try await directory.services.list(limit: 100, customer: customer.id)
                record.add("services", .list(services.map { .text($0.username) }))
                return record
            }
        )
    }

    private static let set = CommandSpec(
        "customer set",
        "Changes a customer: only what is given.",
        arguments: [reference],
        options: [
            SharedOptions.scope, .value("code", "CODE", "The customer's number."), .value("name", "NAME", "The name."),
            .value("phone", "NUMBER", "The phone number."), .value("address", "TEXT", "The postal address."),
        ] + fields,
        examples: ["nexora customer set C1001 --status suspended", "nexora customer set C1001 --email \"\""]
    ) { invocation, context in
        let reference = try invocation.requiredArgument("CUSTOMER")
        context.report.one(
            try await context.inDirectory(invocation) { directory in
                var customer = try await directory.customer(reference)
                customer.code = invocation.string("code") ?? customer.code
                customer.name = invocation.string("name") ?? customer.name
                customer.phone = invocation.string("phone") ?? customer.phone
                customer.address = invocation.string("address") ?? customer.address
                try apply(invocation, to: &customer)
                try await directory.customers.update(customer)
                return try await output(of: customer.id, directory)
            }
        )
    }

    private static let remove = CommandSpec(
        "customer remove",
        "Removes a customer that has no service left (exit code 4 while he has).",
        arguments: [reference],
        options: [SharedOptions.scope],
        examples: ["nexora customer remove C1001"]
    ) { invocation, context in
        let reference = try invocation.requiredArgument("CUSTOMER")
        context.report.one(
            try await context.inDirectory(invocation) { directory in
                let customer = try await directory.customer(reference)
                try await directory.customers.remove(customer)
                return OutputRecord(customer, names: try await directory.tenantNames())
            }
        )
    }

    private static func output(of id: CustomerID, _ directory: DirectoryAccess) async throws -> OutputRecord {
        guard let customer = try await directory.customers.find(id) else { throw PersistenceError.notFound }
        return OutputRecord(customer, names: try await directory.tenantNames())
    }

    private static func apply(_ invocation: Invocation, to customer: inout Customer) throws(UsageError) {
        if let email = invocation.clearable("email") { customer.email = email }
        if let status = invocation.string("status").flatMap(CustomerStatus.init(rawValue:)) { customer.status = status }
        if let day = try invocation.integer("due-day", in: 1...31) { customer.dueDay = day }
        customer.notes = invocation.string("notes") ?? customer.notes
    }
}
