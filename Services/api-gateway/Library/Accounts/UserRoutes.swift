import Domain
import HTTPServer
import Identity
import Persistence
import WireFormat

/// Other people's accounts, and the roles they may have (IAM-33). Who may manage whom, the use cases decide.
struct UserRoutes {
    private let accounts: Accounts
    private let parts: Parts
    private let group = RouteGroup(tag: "users")

    init(_ parts: Parts) {
        accounts = parts.accounts
        self.parts = parts
    }

    var routes: [GatewayRoute] {
        [list, one, create, update, delete, invite, unlock, removeTOTP, sessions, endSessions, roles, export]
    }

    // MARK: - Reading

    private static let conditions: [Operation.Parameter] = [
        .init("tenant_id", .uuid, "One tenant of the scope."),
        .init("role", AccountViews.roles, "One role."),
        .init("is_active", .choice(["true", "false"]), "Whether they may sign in."),
        .init("q", .text(100), "Looked for in name and e-mail address."),
    ]

    private static func query(_ request: Request, after: UserID?, limit: Int) throws -> UserQuery {
        UserQuery(
            tenant: try request.queryID("tenant_id"),
            role: try request.query["role"].map(Self.role),
            isActive: try request.queryFlag("is_active"),
            search: request.query["q"],
            after: after,
            limit: limit
        )
    }

    private var export: GatewayRoute {
        GatewayRoute(
            .get,
            "/api/v1/users/export",
            operationID: "exportUsers",
            metadata: Access(
                .permissions([.usersRead, .exportsCreate]),
                operation: Operation(
                    "users",
                    "Accounts as a file, in the order they were made.",
                    parameters: [ExportFormat.parameter] + Self.conditions,
                    .other(ExportFormat.contentTypes)
                )
            )
        ) { [accounts, parts] request in
            let caller = try request.caller
            let format = try ExportFormat(request)
            let wanted = try Self.query(request, after: nil, limit: 1)
            try await parts.recordRead(
                caller,
                .export,
                AuditResource("user"),
                detail: ["query": .text(request.queryText)]
            )
            let users = ViewExport(view: AccountViews.user, format: format.text ?? .csv) { last, limit in
                var query = wanted
                (query.after, query.limit) = (last?.id, limit)
                return try await accounts.users(query, by: caller.principal)
            }
            let standing = ExportStanding(request, needs: [.usersRead, .exportsCreate])
            return try await parts.file(users, "users", format, heading: users.names, standing)
        }
    }

    private var list: GatewayRoute {
        group.route(
            .get,
            "/api/v1/users",
            "listUsers",
            .permission(.usersRead),
            "A page of accounts, in the order they were made.",
            parameters: Self.conditions + Operation.paging,
            answer: .page(AccountViews.user.schema)
        ) { request, caller in
            try await AccountViews.user.page(request, cursor: \.id) { after, limit in
                try await accounts.users(
                    try Self.query(request, after: after, limit: limit),
                    by: caller.principal
                )
            }
        }
    }

    private static func role(_ text: String) throws(Problem) -> Role {
        guard let role = Role(rawValue: text) else { throw .invalid("role", "must be a role") }
        return role
    }

    private var one: GatewayRoute {
        group.route(
            .get,
            "/api/v1/users/{id:uuid}",
            "getUser",
            .permission(.usersRead),
            "One account.",
            answer: .data(AccountViews.user.schema)
        ) { request, caller in
            let user = try await accounts.user(UserID(try request.pathID()), by: caller.principal)
            let tag = EntityTag(version: user.stamp?.version ?? 0)
            if tag.isNamed(by: request) {
                var response = Response(.notModified)
                response.headers["etag"] = tag.value
                return response
            }
            return AccountViews.user.answer(user, version: user.stamp?.version)
        }
    }

    private var roles: GatewayRoute {
        let role = Schema.object([
            .init("name", AccountViews.roles), .init("rank", .integer(0...100)), .init("assignable", .boolean),
            .init("permissions", .list(.text())),
        ])
        return group.route(
            .get,
            "/api/v1/roles",
            "listRoles",
            .permission(.rolesRead),
            "Every role with what it allows, and whether one may give it.",
            answer: .data(.list(role))
        ) { _, caller in
            Response.data { json in
                json.beginArray()
                for role in Role.allCases.sorted(by: { ($1.rank, $0.rawValue) < ($0.rank, $1.rawValue) }) {
                    json.beginObject()
                    json.pair("name", role.rawValue)
                    json.pair("rank", role.rank)
                    json.pair("assignable", caller.principal.role.mayAssign(role))
                    json.pair("permissions", role.permissions.map(\.rawValue).sorted())
                    json.endObject()
                }
                json.endArray()
            }
        }
    }

    // MARK: - Changes

    private struct Input: Sendable {
        var tenant: TenantID?
        var email: String?
        var name: String?
        var role: Role?
        var customer: CustomerID?
        var granted: [Permission]?
        var denied: [Permission]?
        var isActive: Bool?
        var mustChangePassword: Bool?

        private static let granting: [InputField<Input>] = [
            InputField("customer_id", .id(), clearable: \.customer),
            InputField("granted", InputKind.permission.list(200), clearable: \.granted),
            InputField("denied", InputKind.permission.list(200), clearable: \.denied),
        ]

        static let creation = InputShape<Input>(
            [
                InputField("email", .text(254, minimum: 1), clearable: \.email, isRequired: true),
                InputField("name", .text(200, minimum: 1), clearable: \.name, isRequired: true),
                InputField("role", .choice(), clearable: \.role, isRequired: true),
                InputField("tenant_id", .id(), clearable: \.tenant),
            ] + granting
        )
        static let change = InputShape<Input>(
            [
                InputField("email", .text(254, minimum: 1), clearable: \.email),
                InputField("name", .text(200, minimum: 1), clearable: \.name),
                InputField("role", .choice(), clearable: \.role),
                InputField("is_active", .flag, clearable: \.isActive),
                InputField("must_change_password", .flag, clearable: \.mustChangePassword),
            ] + granting
        )

        /// What was granted and denied; `stored` where the body says nothing.
        func grants(_ stored: PermissionGrants = PermissionGrants()) -> PermissionGrants? {
            guard granted != nil || denied != nil else { return nil }
            return PermissionGrants(
                granted: granted.map { Set($0) } ?? stored.granted,
                denied: denied.map { Set($0) } ?? stored.denied
            )
        }
    }

    private var create: GatewayRoute {
        group.route(
            .post,
            "/api/v1/users",
            "createUser",
            .permission(.usersCreate),
            "Makes an account of a role below one's own; a link to choose a password is on its way.",
            body: Input.creation.schema(isWhole: true),
            status: 201,
            answer: .data(AccountViews.user.schema),
            repetition: .keyed
        ) { request, caller in
            var input = Input()
            try Input.creation.apply(try await request.payload(), to: &input, isWhole: true)
            guard let email = input.email, let name = input.name, let role = input.role else {
                throw Problem.invalid("", "needs email, name and role")
            }
            let wanted = NewUser(
                tenantID: try caller.principal.target(input.tenant),
                email: email,
                name: name,
                role: role,
                grants: input.grants() ?? PermissionGrants(),
                customerID: input.customer
            )
            let user = try await accounts.createUser(wanted, by: caller.principal, from: caller.origin) {
                try await request.keep(Self.answer(made: $1), in: $0)
            }
            request.markKept()
            return Self.answer(made: user)
        }
    }

    private static func answer(made user: User) -> Response {
        var response = AccountViews.user.answer(user, status: .created, version: user.stamp?.version)
        response.headers["location"] = HeaderValue(withoutControls: "/api/v1/users/\(user.id)")
        return response
    }

    private var update: GatewayRoute {
        group.route(
            .patch,
            "/api/v1/users/{id:uuid}",
            "updateUser",
            .permission(.usersUpdate),
            "Changes an account below one's own.",
            parameters: [Operation.ifMatch],
            body: Input.change.schema(isWhole: false),
            answer: .data(AccountViews.user.schema)
        ) { request, caller in
            let (id, version) = (UserID(try request.pathID()), try request.expectedVersion())
            var input = Input()
            try Input.change.apply(try await request.payload(), to: &input, isWhole: false)
            let stored = try await accounts.user(id, by: caller.principal)
            let changes = UserChanges(
                email: input.email,
                name: input.name,
                role: input.role,
                grants: input.grants(stored.grants),
                customerID: input.customer,
                isActive: input.isActive,
                mustChangePassword: input.mustChangePassword
            )
            let user = try await accounts.updateUser(
                id,
                changes,
                expecting: version,
                by: caller.principal,
                from: caller.origin
            )
            return AccountViews.user.answer(user, version: user.stamp?.version)
        }
    }

    private var delete: GatewayRoute {
        group.route(
            .delete,
            "/api/v1/users/{id:uuid}",
            "deleteUser",
            .permission(.usersDelete),
            "Removes an account below one's own.",
            parameters: [Operation.ifMatch],
            status: 204,
            answer: .empty
        ) { request, caller in
            let (id, version) = (UserID(try request.pathID()), try request.expectedVersion())
            try await accounts.deleteUser(id, expecting: version, by: caller.principal, from: caller.origin)
            return Response(.noContent)
        }
    }

    // MARK: - Security

    private var invite: GatewayRoute {
        secure("invite", "inviteUser", "Sends a fresh link to choose a password.", 202) { id, caller in
            try await accounts.inviteAgain(id, by: caller.principal, from: caller.origin)
        }
    }

    private var unlock: GatewayRoute {
        secure("unlock", "unlockUser", "Lifts the lock that failed logins brought on.", 204) { id, caller in
            try await accounts.unlock(id, by: caller.principal, from: caller.origin)
        }
    }

    private var removeTOTP: GatewayRoute {
        secure("remove-totp", "removeUserTOTP", "Takes a lost second factor away.", 204) { id, caller in
            try await accounts.removeTOTP(id, by: caller.principal, from: caller.origin)
        }
    }

    private var endSessions: GatewayRoute {
        secure("logout", "endUserSessions", "Signs somebody out everywhere.", 204) { id, caller in
            _ = try await accounts.endSessions(of: id, by: caller.principal, from: caller.origin)
        }
    }

    private var sessions: GatewayRoute {
        group.route(
            .get,
            "/api/v1/users/{id:uuid}/sessions",
            "listUserSessions",
            .permission(.usersSecure),
            "Where somebody is signed in.",
            answer: .data(.list(AccountViews.session.schema))
        ) { request, caller in
            let id = UserID(try request.pathID())
            let sessions = try await accounts.sessions(of: id, by: caller.principal, from: caller.origin)
            return Response.data { json in
                json.beginArray()
                for session in sessions { AccountViews.session.write(session, to: &json) }
                json.endArray()
            }
        }
    }

    private func secure(
        _ name: String,
        _ operationID: String,
        _ summary: String,
        _ status: Int,
        _ perform: @escaping @Sendable (UserID, Caller) async throws -> Void
    ) -> GatewayRoute {
        let path = "/api/v1/users/{id:uuid}/\(name)"
        return group.route(
            .post,
            path,
            operationID,
            .permission(.usersSecure),
            summary,
            status: status,
            answer: .empty,
            repetition: .keyed
        ) { request, caller in
            try await perform(UserID(try request.pathID()), caller)
            return Response(HTTPStatus(status))
        }
    }
}
