import Devices
import Domain
import Persistence

/// `device add|list|show|set|check|delete`.
enum DeviceCommands {
    static let all: [CommandSpec] = [add, list, show, set, check, delete]

    private static let reference = ArgumentSpec("DEVICE", "The device's id or name.")
    private static let passwordDetails = """
        The password is read from standard input or the environment; it never stands on the command line. It is sealed in
        the database, and no command and no route shows it.
        """
    private static let fields: [OptionSpec] = [
        .value(
            "vendor",
            "VENDOR",
            "Whose commands it understands; default generic.",
            choices: DeviceVendor.allCases.map(\.rawValue)
        ),
        .value("port", "PORT", "Where its management listens; default 8728, RouterOS' API."),
        .value("tls", "yes|no", "Whether it is spoken to over TLS, which RouterOS does on 8729; default no."),
        .value("fingerprint", "SHA256", "The certificate that it must show; empty for who an authority vouches for."),
        .value("username", "NAME", "The account on it; empty for none."),
        .value("password-from", "SOURCE", "The account's password: stdin (its first line), env:NAME, or none."),
        .value("location", "TEXT", "Where it stands."),
        .value("tags", "WORDS", "Words with commas between; empty for none."),
        .value("nas", "NAS", "The NAS that it is: id or name; empty for none."),
        .value("parent", "DEVICE", "The device that it hangs on: id or name; empty for none."),
        .value("active", "yes|no", "Whether anybody looks if it answers; default yes."),
    ]
    private static let kinds = DeviceKind.allCases.map(\.rawValue)

    private static let add = CommandSpec(
        "device add",
        "Adds a device. Whether it answers is known within moments.",
        details: passwordDetails,
        arguments: [ArgumentSpec("NAME", "A name, unique within the tenant.")],
        options: [
            SharedOptions.owner, .value("kind", "KIND", "What it is.", required: true, choices: kinds),
            .value("host", "HOST", "Its IP address or host name.", required: true),
        ] + fields,
        examples: [
            "nexora device add tower-1 --tenant acme --kind router --host 192.0.2.1 --vendor mikrotik --nas core-1",
            "pass show tower-2 | nexora device add tower-2 --tenant acme --kind ap --host 192.0.2.2 --username nexora --password-from stdin",
        ]
    ) { invocation, context in
        let name = try invocation.requiredArgument("NAME")
        let host = try host(invocation)
        let password = try password(invocation, context)
        let record = try await context.withDatabase { database in
            let secrets = DirectorySecrets(try await context.keyring(for: database))
            let owner = try invocation.required("tenant")
            return try await context.inWholeDirectory(database) { directory in
                let tenant = try await directory.tenant(owner).id
                var device = Device(
                    tenantID: tenant,
                    id: DeviceID(.zero),
                    name: name,
                    kind: .other,
                    host: host ?? .address(IPAddress(ipv4: 0))
                )
                try await apply(invocation, to: &device, directory)
                let made = try await DeviceWriter(directory.transaction, ids: context.ids).create(
                    device,
                    tenant: tenant,
                    password: password.flatMap { $0 },
                    secrets: secrets
                )
                return try await output(made.after, directory)
            }
        }
        context.report.one(record)
    }

    private static let list = CommandSpec(
        "device list",
        "Lists devices and whether they answer.",
        options: [
            .value("status", "STATUS", "Only these.", choices: DeviceStatus.allCases.map(\.rawValue)),
            SharedOptions.scope, SharedOptions.limit, SharedOptions.after,
        ],
        examples: ["nexora device list", "nexora device list --status offline --json"]
    ) { invocation, context in
        let limit = try SharedOptions.limit(invocation)
        let after: DeviceID? = try SharedOptions.after(invocation)
        let status = invocation.string("status").flatMap(DeviceStatus.init(rawValue:))
        let records = try await context.inDirectory(invocation) { directory in
            let names = try await directory.tenantNames()
            return try await directory.devices.list(after: after, status: status, limit: limit)
                .map { OutputRecord($0, names: names) }
        }
        context.report.page(records, limit: limit, none: "no devices")
    }

    private static let show = CommandSpec(
        "device show",
        "Shows one device, without its password.",
        arguments: [reference],
        options: [SharedOptions.scope],
        examples: ["nexora device show tower-1"]
    ) { invocation, context in
        let reference = try invocation.requiredArgument("DEVICE")
        context.report.one(
            try await context.inDirectory(invocation) { directory in
                try await output(try await directory.device(reference), directory)
            }
        )
    }

    private static let set = CommandSpec(
        "device set",
        "Changes a device: only what is given.",
        details: passwordDetails,
        arguments: [reference],
        options: [
            SharedOptions.scope, .value("name", "NAME", "Its name."),
            .value("kind", "KIND", "What it is.", choices: kinds),
            .value("host", "HOST", "Its IP address or host name."),
        ] + fields,
        examples: [
            "nexora device set tower-1 --port 8729 --tls yes",
            "nexora device set tower-1 --parent core-1 --location 'Hill 7'",
        ]
    ) { invocation, context in
        let reference = try invocation.requiredArgument("DEVICE")
        let host = try host(invocation)
        let password = try password(invocation, context)
        let record = try await context.withDatabase { database in
            let secrets = DirectorySecrets(try await context.keyring(for: database))
            return try await context.inDirectory(database, invocation) { directory in
                var wanted = try await directory.device(reference)
                wanted.name = invocation.string("name") ?? wanted.name
                wanted.host = host ?? wanted.host
                try await apply(invocation, to: &wanted, directory)
                let changed = try await DeviceWriter(directory.transaction, ids: context.ids)
                    .update(wanted.id, secrets: secrets) { device in
                        device = wanted
                        guard let password else { return .kept }
                        return password.map { .replaced($0) } ?? .removed
                    }
                return try await output(changed.after, directory)
            }
        }
        context.report.one(record)
    }

    private static let check = CommandSpec(
        "device check",
        "Looks from this machine whether a device takes connections. Nothing is stored.",
        details: """
            What the provisioner finds from where it runs is in `nexora device show`. Addresses of this machine and its links
            are not tried. Exit code 69 where the device does not answer.
            """,
        arguments: [reference],
        options: [SharedOptions.scope],
        examples: ["nexora device check tower-1"]
    ) { invocation, context in
        let reference = try invocation.requiredArgument("DEVICE")
        let device = try await context.inDirectory(invocation) { try await $0.device(reference) }
        let target = DeviceTarget(host: device.host, port: UInt16(clamping: device.port))
        let result = await TCPProbe(limit: .seconds(5)).check([target]).first ?? .unchecked(.noResources)
        var record = OutputRecord()
        record.add("name", .text(device.name))
        record.add("host", .text(device.host.description))
        record.add("port", .integer(Int64(device.port)))
        record.add("result", .text(result.word))
        context.report.one(record)
        guard result == .answered else {
            throw CommandFailure(.unavailable, "\"\(device.name)\" does not answer from here: \(result.word)")
        }
    }

    private static let delete = CommandSpec(
        "device delete",
        "Removes a device on which nothing depends; says what does (exit code 4).",
        arguments: [reference],
        options: [SharedOptions.scope],
        examples: ["nexora device delete tower-1"]
    ) { invocation, context in
        let reference = try invocation.requiredArgument("DEVICE")
        context.report.one(
            try await context.inDirectory(invocation) { directory in
                let device = try await directory.device(reference)
                do {
                    _ = try await DeviceWriter(directory.transaction, ids: context.ids).delete(device.id)
                } catch let dependents as DeviceDependents {
                    throw CommandFailure(.conflict, dependents.description)
                }
                return try await output(device, directory)
            }
        )
    }

    // MARK: - Parts

    private static func output(_ device: Device?, _ directory: DirectoryAccess) async throws -> OutputRecord {
        guard let device else { throw PersistenceError.notFound }
        return OutputRecord(device, names: try await directory.tenantNames())
    }

    private static func host(_ invocation: Invocation) throws(UsageError) -> NetworkHost? {
        guard let text = invocation.string("host") else { return nil }
        guard let host = NetworkHost(text) else {
            throw invocation.invalid("host", "must be an IP address or a host name: 192.0.2.7 or tower-1.example.net")
        }
        return host
    }

    /// The password that was given; nil inside where it is to be taken away, and outside where nothing was said of it.
    private static func password(_ invocation: Invocation, _ context: CommandContext) throws -> [UInt8]?? {
        guard invocation.has("password-from") else { return nil }
        let source = try SecretSource(invocation, "password-from", allowsNone: true)
        guard source != .generate else {
            throw invocation.invalid(
                "password-from",
                "must be stdin, env:NAME or none: the device has its password already"
            )
        }
        return .some(try source.secret(length: 1, context: context)?.bytes)
    }

    private static func apply(
        _ invocation: Invocation,
        to device: inout Device,
        _ directory: DirectoryAccess
    ) async throws {
        if let kind = invocation.string("kind").flatMap(DeviceKind.init(rawValue:)) { device.kind = kind }
        if let vendor = invocation.string("vendor").flatMap(DeviceVendor.init(rawValue:)) { device.vendor = vendor }
        if let port = try invocation.integer("port", in: 1...65_535) { device.port = port }
        if let flag = try invocation.boolean("tls") { device.usesTLS = flag }
        if let text = invocation.clearable("fingerprint") {
            device.certificateFingerprint = try text.map { text in
                guard let fingerprint = Device.fingerprint(text) else {
                    throw invocation.invalid("fingerprint", "must be the SHA-256 of a certificate in hexadecimal")
                }
                return fingerprint
            }
        }
        if let name = invocation.clearable("username") { device.username = name }
        device.location = invocation.string("location") ?? device.location
        if let tags = invocation.string("tags") { device.tags = tags.split(separator: ",").map(String.init) }
        if let reference = invocation.clearable("nas") {
            device.nasID = if let reference { try await directory.nas(reference).id } else { nil }
        }
        if let reference = invocation.clearable("parent") {
            device.parentID = if let reference { try await directory.device(reference).id } else { nil }
        }
        if let flag = try invocation.boolean("active") { device.isActive = flag }
    }
}
