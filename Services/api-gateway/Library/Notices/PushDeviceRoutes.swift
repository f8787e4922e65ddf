import Domain
import HTTPServer
import Identity
import Persistence

/// One's own devices that may be pushed to (NTF-01). A token goes in, is sealed, and comes out nowhere.
struct PushDeviceRoutes {
    private let parts: Parts
    private let group = RouteGroup(tag: "notices", under: "/api/v1/me/push-devices")

    init(_ parts: Parts) { self.parts = parts }

    var routes: [GatewayRoute] { [list, register, remove] }

    private static let platforms = Schema.choice(PushDevice.Platform.allCases.map(\.rawValue))

    private static let view = View<PushDevice>([
        .init("id", .uuid) { .id($0.id) }, .init("platform", platforms) { .text($0.platform.rawValue) },
        .init("created_at", .time) { .time($0.createdAt) }, .init("last_seen_at", .time) { .time($0.lastSeenAt) },
    ])

    private struct Draft: Sendable {
        var token = ""
        var platform = PushDevice.Platform.android

        static let shape = InputShape<Draft>([
            InputField("token", .text(4_096, minimum: 1), \.token, isRequired: true),
            InputField("platform", .choice(), \.platform, isRequired: true),
        ])
    }

    private var list: GatewayRoute {
        group.route(
            .get,
            "",
            "listMyPushDevices",
            .signedIn,
            "One's devices, the last seen first.",
            answer: .data(.list(Self.view.schema))
        ) { request, _ in
            let devices = try await parts.read(request) { transaction, caller in
                try await PushTokens(transaction).list(
                    of: .user(caller.principal.userID),
                    in: caller.principal.tenantID
                )
            }
            return NoticeDesk.list(devices, Self.view)
        }
    }

    private var register: GatewayRoute {
        group.route(
            .post,
            "",
            "registerMyPushDevice",
            .signedIn,
            """
            Lets us push to a device: its registration token as the vendor's SDK says it. Say it again whenever the application starts; \
            of more than \(PushTokens.most) the one that was seen longest ago is forgotten.
            """,
            body: Draft.shape.schema(isWhole: true),
            answer: .data(Self.view.schema)
        ) { request, _ in
            var input = Draft()
            try Draft.shape.apply(try await request.payload(), to: &input, isWhole: true)
            let draft = input
            return try await parts.change(request) { work in
                let (user, tenant) = (work.caller.principal.userID, work.caller.principal.tenantID)
                let device = try await PushTokens(work.transaction).register(
                    try parts.notices.secrets.seal(pushToken: draft.token, tenant: tenant),
                    on: draft.platform,
                    of: .user(user),
                    in: tenant,
                    at: parts.time.now()
                )
                work.record(.create, Self.resource(device.id), of: tenant, .created(Self.view.auditValue(device)))
                return Self.view.answer(device)
            }
        }
    }

    private var remove: GatewayRoute {
        group.route(
            .delete,
            "/{id:uuid}",
            "removeMyPushDevice",
            .signedIn,
            "Nothing is pushed to a device any more.",
            status: 204,
            answer: .empty
        ) { request, _ in
            let id = PushTokenID(try request.pathID())
            return try await parts.change(request) { work in
                let (user, tenant) = (work.caller.principal.userID, work.caller.principal.tenantID)
                guard try await PushTokens(work.transaction).remove(id, of: .user(user), in: tenant) else {
                    throw Problem.notFound
                }
                work.record(.delete, Self.resource(id), of: tenant, .deleted([:]))
                return Response(.noContent)
            }
        }
    }

    private static func resource(_ id: PushTokenID) -> AuditResource { AuditResource("push_device", id) }
}
