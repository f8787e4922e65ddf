import Domain
import Persistence

/// `bootstrap`.
enum BootstrapCommand {
    static let all: [CommandSpec] = [
        CommandSpec(
            "bootstrap",
            "Plants the operator at the root of the tenant tree; with --demo a whole demo below him.",
            details: """
                What is there already is left as it is: a second run changes nothing. The demo is a provider with a reseller,
                plans, NASes (one for this machine's own addresses) and 1,000 subscribers with passwords of their own. The env
                file, mode 0600, then holds RADIUS_SECRET, DEMO_USER and DEMO_PASSWORD; it is written anew by every run.
                With --admin the first administrator is made. He has no password: the secret that is told, once, lets him choose
                one within a day. Until he did, another run with the same address tells a new secret and voids the one before.
                """,
            options: [
                .value("name", "NAME", "The operator's name; default Operator."),
                .value("subdomain", "LABEL", "The operator's DNS label; default operator."),
                .value("admin", "EMAIL", "Make the first administrator, and tell the secret that lets him in."),
                .value("admin-name", "NAME", "His name; default Administrator."),
                .flag("demo", "Make the demo, too."),
                .value("env-file", "PATH", "Where the demo's login is written."),
            ],
            examples: [
                "nexora bootstrap --name \"Acme Networks\" --subdomain acme",
                "nexora bootstrap --admin ann@acme.example --admin-name \"Ann Smith\"",
                "nexora bootstrap --demo --env-file .run/demo.env",
            ],
            action: run
        )
    ]

    private static func run(_ invocation: Invocation, _ context: CommandContext) async throws {
        let isDemo = invocation.has("demo")
        let envFile = invocation.string("env-file")
        if envFile != nil && !isDemo {
            throw UsageError("--env-file tells the demo's login: give --demo, too", command: invocation.command.words)
        }
        let admin = invocation.string("admin")
        if invocation.string("admin-name") != nil && admin == nil {
            throw UsageError(
                "--admin-name names the administrator: give --admin, too",
                command: invocation.command.words
            )
        }
        let (made, secret, login) = try await context.withDatabase { database in
            let bootstrap = Bootstrap(
                context: context,
                database: database,
                secrets: DirectorySecrets(try await context.keyring(for: database))
            )
            var made = Bootstrap.Made()
            let operatorID = try await bootstrap.plantOperator(
                name: invocation.string("name") ?? "Operator",
                subdomain: invocation.string("subdomain") ?? "operator",
                made: &made
            )
            var secret: String?
            if let admin {
                let name = invocation.string("admin-name") ?? "Administrator"
                secret = try await bootstrap.inviteAdministrator(email: admin, name: name, to: operatorID)
            }
            guard isDemo else { return (made, secret, Bootstrap.DemoLogin?.none) }
            try await bootstrap.makeDemo(below: operatorID, made: &made)
            return (made, secret, envFile == nil ? nil : try await bootstrap.demoLogin(below: operatorID))
        }
        if let envFile, let login {
            try PrivateFile.write(
                "RADIUS_SECRET=\(login.radiusSecret)\nDEMO_USER=\(login.user)\nDEMO_PASSWORD=\(login.password)\n",
                to: envFile
            )
        }
        var record = OutputRecord()
        record.add("tenantsMade", .integer(Int64(made.tenants)))
        record.add("plansMade", .integer(Int64(made.plans)))
        record.add("nasesMade", .integer(Int64(made.nases)))
        record.add("subscribersMade", .integer(Int64(made.subscribers)))
        record.add("envFile", .optional(envFile))
        if admin != nil { record.add("adminSecret", .optional(secret)) }
        context.report.one(record)
        guard admin != nil else { return }
        context.report.note(
            secret == nil
                ? "there is an administrator already, who makes further accounts"
                : "the secret is told this once, works once, and for a day"
        )
    }
}
