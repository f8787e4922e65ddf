import Domain
import HTTPServer
import Persistence
import WireFormat

/// Subscribers' network passwords: made here, told once, on the record (RAD-16).
struct CredentialRoutes {
    private let parts: Parts
    private let services = Resource<Service>.services

    init(_ parts: Parts) { self.parts = parts }

    var routes: [GatewayRoute] {
        get throws {
            try [
                status,
                telling(
                    "generate",
                    "generateCredentials",
                    .credentialsRotate,
                    "Makes a password where there is none.",
                    .create
                ) {
                    try await $0.generate($1)
                },
                telling("rotate", "rotateCredentials", .credentialsRotate, "Makes another password.", .update) {
                    try await $0.rotate($1)
                },
                telling(
                    "reveal",
                    "revealCredentials",
                    .credentialsReveal,
                    "Tells a password that was set, once.",
                    .read
                ) {
                    try await $0.reveal($1)
                },
                choose, remove,
            ]
        }
    }

    private static let schema = Schema.object([
        .init("service_id", .uuid), .init("has_password", .boolean), .init("rotated_at", .nullable(.time)),
        .init("revealed_at", .nullable(.time)), .init("password", .text(), isRequired: false),
    ])

    private var path: String { "/api/v1/services/{id:uuid}/credentials" }

    private var status: GatewayRoute {
        get throws {
            try GatewayRoute(
                .get,
                PathPattern(path),
                operationID: "getCredentials",
                metadata: Access(
                    .permission(.servicesRead),
                    operation: Operation("services", "What may be known of a service's password.", .data(Self.schema))
                )
            ) { request in
                let id = try request.pathID()
                let (service, status) = try await parts.read(request) { transaction, caller in
                    let service = try await services.found(id, transaction, caller)
                    return (
                        service, try await CredentialWriter(transaction, secrets: parts.secrets).status(service.id)
                    )
                }
                return Self.answer(service, status)
            }
        }
    }

    /// A route whose answer holds the password.
    private func telling(
        _ name: String,
        _ operationID: String,
        _ permission: Permission,
        _ summary: String,
        _ action: AuditAction,
        _ perform: @escaping @Sendable (CredentialWriter, ServiceID) async throws -> RevealedPassword
    ) throws -> GatewayRoute {
        try GatewayRoute(
            .post,
            PathPattern("\(path)/\(name)"),
            operationID: operationID,
            metadata: Access(
                .permission(permission),
                repetition: .keyedSecret,
                operation: Operation("services", summary, .data(Self.schema))
            )
        ) { request in
            let id = try request.pathID()
            return try await parts.change(request) { work in
                let service = try await services.found(id, work.transaction, work.caller)
                let told = try await perform(
                    CredentialWriter(work.transaction, secrets: parts.secrets),
                    service.id
                )
                Self.record(action, told, work)
                return Self.answer(told.service, told.change.after, password: told.password)
            }
        }
    }

    private struct Choice: Sendable {
        var password = ""
        static let shape = InputShape([
            InputField("password", .text(128, minimum: 1), \Choice.password, isRequired: true)
        ])
    }

    private var choose: GatewayRoute {
        get throws {
            try GatewayRoute(
                .put,
                PathPattern(path),
                operationID: "setCredentials",
                metadata: Access(
                    .permission(.credentialsRotate),
                    operation: Operation(
                        "services",
                        "Sets a password that somebody chose.",
                        parameters: [Operation.ifMatch],
                        body: .json(Choice.shape.schema(isWhole: true)),
                        .data(Self.schema)
                    )
                )
            ) { request in
                let (id, version) = (try request.pathID(), try request.expectedVersion())
                var choice = Choice()
                try Choice.shape.apply(try await request.payload(), to: &choice, isWhole: true)
                let password = Array(choice.password.utf8)
                return try await parts.change(request) { work in
                    let service = try await services.found(id, work.transaction, work.caller)
                    let change = try await CredentialWriter(work.transaction, secrets: parts.secrets)
                        .set(service.id, password: password, expecting: version)
                    Self.record(.update, service, change, work)
                    return Self.answer(service, change.after)
                }
            }
        }
    }

    private var remove: GatewayRoute {
        get throws {
            try GatewayRoute(
                .delete,
                PathPattern(path),
                operationID: "removeCredentials",
                metadata: Access(
                    .permission(.servicesUpdate),
                    operation: Operation("services", "Takes a service's password away.", status: 204, .empty)
                )
            ) { request in
                let id = try request.pathID()
                return try await parts.change(request) { work in
                    let service = try await services.found(id, work.transaction, work.caller)
                    let change = try await CredentialWriter(work.transaction, secrets: parts.secrets).remove(service.id)
                    Self.record(.delete, service, change, work)
                    return Response(.noContent)
                }
            }
        }
    }

    // MARK: - What is told and noted

    static func record(_ action: AuditAction, _ told: RevealedPassword, _ work: Work) {
        record(action, told.service, told.change, work)
    }

    private static func record(
        _ action: AuditAction,
        _ service: Service,
        _ change: Change<CredentialStatus>,
        _ work: Work
    ) {
        func value(_ status: CredentialStatus) -> AuditValue {
            ["rotated_at": .described(status.rotatedAt), "revealed_at": .described(status.revealedAt)]
        }
        let kept: AuditChange =
            switch (change.before, change.after) {
            case (let before?, let after?): .updated(value(before), value(after))
            case (nil, let after?): .created(value(after))
            case (let before?, nil): .deleted(value(before))
            case (nil, nil): .none
            }
        work.record(action, AuditResource("credential", service.id), of: service.tenantID, kept)
    }

    private static func answer(_ service: Service, _ status: CredentialStatus?, password: String? = nil) -> Response {
        var response = Response.data { json in
            json.beginObject()
            json.pair("service_id", service.id.description)
            json.pair("has_password", status != nil)
            json.key("rotated_at")
            FieldValue.time(status?.rotatedAt).write(to: &json)
            json.key("revealed_at")
            FieldValue.time(status?.revealedAt).write(to: &json)
            if let password { json.pair("password", password) }
            json.endObject()
        }
        response.isCompressible = password == nil
        // What a password is set in place of: none is version 0.
        response.headers["etag"] = EntityTag(version: status?.version ?? 0).value
        return response
    }
}
