import Crypto
import Domain
import HTTPServer
import Persistence
import WireFormat

extension Resource where Row == NAS {
    static let nases = Resource(
        .nases,
        path: "/api/v1/nas",
        noun: ("NAS", "NASes"),
        tag: "nas",
        auditType: "nas",
        read: .nasRead,
        own: .none,
        id: { $0.id.description },
        owner: { RecordOwner(tenantID: $0.tenantID) },
        version: { $0.stamp?.version },
        schemas: [
            "name": .text(100), "address": .text(), "vendor": .choice(NASVendor.allCases.map(\.rawValue)),
            "coa_port": .integer(1...65_535), "require_message_authenticator": .boolean,
            "ratchets_message_authenticator": .boolean, "limit_proxy_state": .boolean, "octets_swapped": .boolean,
            "auth_rate": .nullable(.integer(0...Int64.max)), "auth_burst": .nullable(.integer(1...Int64.max)),
        ]
    ) { transaction, id, _ in try await NASRepository(transaction).find(NASID(id)) }
}

/// What a body says about a NAS.
struct NASInput: Sendable {
    var tenant: TenantID?
    var nas: NAS
    var secret: String?

    private static let common: [InputField<NASInput>] = [
        InputField("name", .text(100, minimum: 1), \.nas.name, isRequired: true),
        InputField("address", .prefix, \.nas.address, isRequired: true),
        InputField("identifier", .text(253, minimum: 1), clearable: \.nas.identifier),
        InputField("vendor", .choice(), \.nas.vendor),
        InputField("coa_port", .whole(1...65_535), \.nas.coaPort),
        InputField("require_message_authenticator", .flag, \.nas.requireMessageAuthenticator),
        InputField("ratchets_message_authenticator", .flag, \.nas.ratchetsMessageAuthenticator),
        InputField("limit_proxy_state", .flag, \.nas.limitProxyState),
        InputField("octets_swapped", .flag, \.nas.octetsSwapped),
        InputField("auth_rate", .whole(0...Int(Int32.max)), clearable: \.nas.authRate),
        InputField("auth_burst", .whole(1...Int(Int32.max)), clearable: \.nas.authBurst),
        InputField("is_active", .flag, \.nas.isActive),
        InputField("address_pool", .text(253, minimum: 1), clearable: \.nas.addressPool),
        InputField("ipv6_pool", .text(253, minimum: 1), clearable: \.nas.ipv6Pool),
        InputField("delegated_ipv6_pool", .text(253, minimum: 1), clearable: \.nas.delegatedIPv6Pool),
    ]

    static let creation = InputShape(
        [
            InputField("tenant_id", .id(), clearable: \NASInput.tenant),
            InputField("secret", .text(253, minimum: 16), clearable: \.secret),
        ] + common
    )
    static let change = InputShape(common)
}

/// NASes, their secrets, and what to paste into them (RAD-07, G-21).
struct NASRoutes {
    private let parts: Parts
    private let nases = Resource<NAS>.nases

    init(_ parts: Parts) { self.parts = parts }

    var routes: [GatewayRoute] {
        get throws { try nases.reading(parts) + [create(), update(), delete(), replaceSecret, snippets] }
    }

    private func create() throws -> GatewayRoute {
        try nases.create(parts, .nasCreate, body: NASInput.creation.schema(isWhole: true)) { body, work in
            var input = NASInput(nas: .blank)
            try NASInput.creation.apply(body, to: &input, isWhole: true)
            let wanted = input.nas
            // One that nobody chose is shown with the configuration that holds it.
            let secret = input.secret.map { Array($0.utf8) } ?? Array(Self.freshSecret().utf8)
            return try await NASWriter(work.transaction, ids: work.parts.ids).create(
                tenant: try work.caller.principal.target(input.tenant),
                name: wanted.name,
                address: wanted.address,
                secret: secret,
                secrets: work.parts.secrets
            ) { $0 = wanted }
        }
    }

    private func update() throws -> GatewayRoute {
        try nases.update(parts, .nasUpdate, body: NASInput.change.schema(isWhole: false)) { id, version, body, work in
            try await NASWriter(work.transaction, ids: work.parts.ids).update(NASID(id), expecting: version) {
                var input = NASInput(nas: $0)
                try NASInput.change.apply(body, to: &input, isWhole: false)
                $0 = input.nas
            }
        }
    }

    private func delete() throws -> GatewayRoute {
        try nases.delete(parts, .nasDelete) { id, version, work in
            try await NASWriter(work.transaction, ids: work.parts.ids).delete(NASID(id), expecting: version)
        }
    }

    // MARK: - Secrets

    private struct SecretInput: Sendable {
        var secret: String?
        static let shape = InputShape([
            InputField("secret", .text(253, minimum: 16), clearable: \SecretInput.secret)
        ])
    }

    private static func freshSecret() -> String { Hex.encode(Randomness.bytes(24)) }

    private var replaceSecret: GatewayRoute {
        let answer = Schema.object([.init("nas_id", .uuid), .init("secret", .text())])
        return GatewayRoute(
            .post,
            "/api/v1/nas/{id:uuid}/secret",
            operationID: "replaceNASSecret",
            metadata: Access(
                .permissions([.nasUpdate, .nasRevealSecret]),
                repetition: .keyedSecret,
                operation: Operation(
                    "nas",
                    "Gives a NAS another shared secret, a random one unless the body has one; told in this answer.",
                    body: .json(SecretInput.shape.schema(isWhole: true)),
                    .data(answer)
                )
            )
        ) { request in
            let id = try request.pathID()
            var input = SecretInput()
            try SecretInput.shape.apply(try await request.payload(), to: &input, isWhole: true)
            let secret = input.secret ?? Self.freshSecret()
            return try await parts.change(request) { work in
                let nas = try await nases.found(id, work.transaction, work.caller)
                _ = try await NASWriter(work.transaction, ids: parts.ids)
                    .replaceSecret(nas.id, secret: Array(secret.utf8), secrets: parts.secrets)
                work.record(.update, AuditResource("nas_secret", nas.id), of: nas.tenantID)
                var response = Response.data { json in
                    json.beginObject()
                    json.pair("nas_id", nas.id.description)
                    json.pair("secret", secret)
                    json.endObject()
                }
                response.isCompressible = false
                return response
            }
        }
    }

    // MARK: - Snippets

    private var snippets: GatewayRoute {
        GatewayRoute(
            .get,
            "/api/v1/nas/{id:uuid}/snippet",
            operationID: "getNASSnippet",
            metadata: Access(
                .permissions([.nasRead, .nasRevealSecret]),
                operation: Operation(
                    "nas",
                    "What to paste into the NAS, with its shared secret.",
                    parameters: [
                        Operation.Parameter(
                            "dialect",
                            .choice(NASSnippet.Dialect.allCases.map(\.rawValue)),
                            "Unless said, that of the NAS's vendor."
                        )
                    ],
                    .other(["text/plain"])
                )
            )
        ) { request in
            let id = try request.pathID()
            let dialect = try request.query["dialect"].map { text throws(Problem) in
                guard let dialect = NASSnippet.Dialect(rawValue: text) else {
                    throw .invalid("dialect", "must be mikrotik, cisco or freeradius")
                }
                return dialect
            }
            let caller = try request.caller
            let (nas, secret) = try await parts.read(request) { transaction, caller in
                let nas = try await nases.found(id, transaction, caller)
                let sealed = try await NASRepository(transaction).sealedSecret(of: nas)
                return (nas, try parts.secrets.open(secret: sealed, of: nas.id, tenant: nas.tenantID))
            }
            try await parts.recordRead(caller, .read, AuditResource("nas_secret", nas.id), of: nas.tenantID)
            let snippet = NASSnippet(
                nas: nas,
                secret: String(decoding: secret, as: UTF8.self),
                server: parts.policy.radiusServer,
                authPort: parts.policy.authPort,
                accountingPort: parts.policy.accountingPort
            )
            let text: String
            do throws(NASSnippet.Unwritable) {
                text = try snippet.text(dialect ?? NASSnippet.Dialect(of: nas.vendor))
            } catch {
                throw Problem.conflict("secret_unwritable", "The secret cannot be written in this dialect: replace it.")
            }
            var response = Response.text(text)
            response.isCompressible = false
            return response
        }
    }
}

extension NAS {
    /// Before anything is said about it.
    static let blank = NAS(
        tenantID: TenantID(.zero),
        id: NASID(.zero),
        name: "",
        address: IPPrefix(Domain.IPAddress(ipv4: 0))
    )
}
