import Domain
import HTTPServer
import Persistence

extension Resource {
    /// POST: makes one. `make` gets the body, read as JSON.
    func create(
        _ parts: Parts,
        _ permission: Permission,
        body: Schema,
        repetition: Access.Repetition = .keyed,
        _ make: @escaping @Sendable (JSONValue, Work) async throws -> Change<Row>
    ) throws -> GatewayRoute {
        GatewayRoute(
            .post,
            try PathPattern(path),
            operationID: "create\(noun.one)",
            metadata: Access(
                .permission(permission),
                repetition: repetition,
                operation: Operation(
                    tag,
                    "Makes a \(noun.one.lowercasedWords).",
                    body: .json(body),
                    status: 201,
                    .data(schema)
                )
            )
        ) { request in
            let body = try await request.payload()
            return try await parts.change(request) { work in
                let change = try await make(body, work)
                work.record(.create, change, self)
                guard let row = change.after else { throw Problem.notFound }
                return try self.answer(row, to: request, status: .created)
            }
        }
    }

    /// PATCH: changes the members that the body has (RFC 7396: null takes a value away). `edit` must call ``see(_:_:)`` on the row
    /// that is stored, or be given rows that were seen. `action` is what the audit trail calls the change.
    func update(
        _ parts: Parts,
        _ permission: Permission,
        body: Schema,
        action: @escaping @Sendable (Change<Row>) -> AuditAction = { _ in .update },
        _ edit: @escaping @Sendable (UUID128, Int64, JSONValue, Work) async throws -> Change<Row>
    ) throws -> GatewayRoute {
        GatewayRoute(
            .patch,
            try PathPattern("\(path)/{id:uuid}"),
            operationID: "update\(noun.one)",
            metadata: Access(
                .permission(permission),
                operation: Operation(
                    tag,
                    "Changes a \(noun.one.lowercasedWords).",
                    parameters: [Operation.ifMatch],
                    body: .json(body),
                    .data(schema)
                )
            )
        ) { request in
            let (id, version) = (try request.pathID(), try request.expectedVersion())
            let body = try await request.payload()
            return try await parts.change(request) { work in
                // What is deleted is refused by who changes it, who knows why.
                _ = try await self.found(id, work.transaction, work.caller, includingDeleted: true)
                let change = try await edit(id, version, body, work)
                work.record(action(change), change, self)
                guard let row = change.after else { throw Problem.notFound }
                return try self.answer(row, to: request)
            }
        }
    }

    /// DELETE.
    func delete(
        _ parts: Parts,
        _ permission: Permission,
        _ remove: @escaping @Sendable (UUID128, Int64, Work) async throws -> Change<Row>
    ) throws -> GatewayRoute {
        GatewayRoute(
            .delete,
            try PathPattern("\(path)/{id:uuid}"),
            operationID: "delete\(noun.one)",
            metadata: Access(
                .permission(permission),
                operation: Operation(
                    tag,
                    "Removes a \(noun.one.lowercasedWords).",
                    parameters: [Operation.ifMatch],
                    status: 204,
                    .empty
                )
            )
        ) { request in
            let (id, version) = (try request.pathID(), try request.expectedVersion())
            return try await parts.change(request) { work in
                // What is deleted is refused by who changes it, who knows why.
                _ = try await self.found(id, work.transaction, work.caller, includingDeleted: true)
                work.record(.delete, try await remove(id, version, work), self)
                return Response(.noContent)
            }
        }
    }

    /// POST of something else than making one: `/customers/{id}/restore`. Wants no If-Match: it says itself what it begins with.
    /// `first` is done before, in no transaction, once the row was seen; it may be done again.
    func action(
        _ parts: Parts,
        _ name: String,
        operationID: String,
        _ permission: Permission,
        _ summary: String,
        action: AuditAction = .update,
        first prepare: (@Sendable (Row, Caller) async throws -> Void)? = nil,
        _ perform: @escaping @Sendable (Row, Work) async throws -> Change<Row>
    ) throws -> GatewayRoute {
        GatewayRoute(
            .post,
            try PathPattern("\(path)/{id:uuid}/\(name)"),
            operationID: operationID,
            metadata: Access(
                .permission(permission),
                repetition: .keyed,
                operation: Operation(tag, summary, .data(schema))
            )
        ) { request in
            let id = try request.pathID()
            if let prepare {
                let row = try await parts.read(request) { try await self.found(id, $0, $1, includingDeleted: true) }
                try await prepare(row, try request.caller)
            }
            return try await parts.change(request) { work in
                let row = try await self.found(id, work.transaction, work.caller, includingDeleted: true)
                let change = try await perform(row, work)
                work.record(action, change, self)
                guard let row = change.after else { throw Problem.notFound }
                return try self.answer(row, to: request)
            }
        }
    }
}
