import Domain
import Events
import HTTPServer
import Persistence
import WireFormat

/// What a NAS can do, and whether it is left alone for a while (COA-05, COA-08).
struct BreakerRoutes {
    /// The provisioner answers within two seconds.
    private static let patience = Duration.seconds(4)

    private let parts: Parts
    private let nases = Resource<NAS>.nases

    init(_ parts: Parts) { self.parts = parts }

    var routes: [GatewayRoute] { [capabilities, forget, look, reset, release] }

    // MARK: - What it taught

    private static let lesson = View<NASLesson>([
        .init("lesson", .text()) { .text($0.text) }, .init("summary", .text()) { .text($0.summary) },
        .init("learned_at", .time) { .time($0.learnedAt) },
    ])

    private static let capabilitiesSchema = Schema.object([
        .init("nas_id", .uuid), .init("vendor", .choice(NASVendor.allCases.map(\.rawValue))),
        .init("lessons", .list(lesson.schema)),
    ])

    private static func capabilities(_ nas: NAS, _ lessons: [NASLesson]) -> Response {
        Response.data { json in
            json.beginObject()
            json.pair("nas_id", nas.id.description)
            json.pair("vendor", nas.vendor.rawValue)
            json.key("lessons")
            json.beginArray()
            for lesson in lessons { Self.lesson.write(lesson, to: &json) }
            json.endArray()
            json.endObject()
        }
    }

    private var capabilities: GatewayRoute {
        GatewayRoute(
            .get,
            "/api/v1/nas/{id:uuid}/capabilities",
            operationID: "getNASCapabilities",
            metadata: Access(
                .permission(.nasRead),
                operation: Operation(
                    "nas",
                    "What a NAS taught by what it acknowledged and refused.",
                    .data(Self.capabilitiesSchema)
                )
            )
        ) { request in
            let id = try request.pathID()
            let (nas, lessons) = try await parts.read(request) { transaction, caller in
                let nas = try await nases.found(id, transaction, caller)
                return (nas, try await NASLessonRepository(transaction).list(of: nas))
            }
            return Self.capabilities(nas, lessons)
        }
    }

    /// The provisioner reads them with each order: the next one finds none.
    private var forget: GatewayRoute {
        GatewayRoute(
            .delete,
            "/api/v1/nas/{id:uuid}/capabilities",
            operationID: "forgetNASCapabilities",
            metadata: Access(
                .permission(.nasUpdate),
                operation: Operation(
                    "nas",
                    "Forgets what a NAS taught, as after an upgrade of its software; it is learned anew.",
                    .data(Self.capabilitiesSchema)
                )
            )
        ) { request in
            let id = try request.pathID()
            return try await parts.change(request) { work in
                let nas = try await nases.found(id, work.transaction, work.caller)
                let forgotten = try await NASLessonRepository(work.transaction).forget(of: nas)
                if !forgotten.isEmpty {
                    work.record(
                        .delete,
                        AuditResource("nas_capabilities", nas.id),
                        of: nas.tenantID,
                        .deleted(["lessons": .list(forgotten.map { .text($0.text) })])
                    )
                }
                return Self.capabilities(nas, [])
            }
        }
    }

    // MARK: - The breaker

    private static let breaker = View<NASBreaker>([
        .init("nas_id", .uuid) { .id($0.nasID) }, .init("endpoint", .nullable(.text())) { .text($0.endpoint) },
        .init("state", .choice(["closed", "open", "half_open"])) { .text($0.state) },
        .init("failures", .integer(0...Int64.max)) { .integer($0.failures) },
        .init("openings", .integer(0...Int64.max)) { .integer($0.openings) },
        .init("opens_until", .nullable(.time)) { .time($0.until) },
        .init("is_shared", .boolean) { .boolean($0.isShared) },
        .init("outstanding", .nullable(.integer(0...Int64.max))) { .integer($0.outstanding) },
        .init("waiting", .nullable(.integer(0...Int64.max))) { .integer($0.waiting) },
        .init("brake", .choice(["idle", "holding", "released"])) { .text($0.brake?.state ?? "idle") },
        .init("held_back", .integer(0...Int64.max)) { .integer($0.brake?.held ?? 0) },
        .init("holds_since", .nullable(.time)) { .time($0.brake?.holdsSince) },
        .init("released_until", .nullable(.time)) { .time($0.brake?.releasedUntil) },
    ])

    private var look: GatewayRoute {
        GatewayRoute(
            .get,
            "/api/v1/nas/{id:uuid}/breaker",
            operationID: "getNASBreaker",
            metadata: Access(
                .permission(.nasRead),
                operation: Operation(
                    "nas",
                    "How the breaker before a NAS stands in the provisioner that leads; 503 where none does.",
                    .data(Self.breaker.schema)
                )
            )
        ) { request in
            let id = try request.pathID()
            let nas = try await parts.read(request) { try await nases.found(id, $0, $1) }
            return Self.breaker.answer(try await ask(.look, nas))
        }
    }

    private var reset: GatewayRoute {
        GatewayRoute(
            .post,
            "/api/v1/nas/{id:uuid}/breaker/reset",
            operationID: "resetNASBreaker",
            metadata: Access(
                .permission(.nasUpdate),
                repetition: .keyed,
                operation: Operation(
                    "nas",
                    """
                    Closes the breaker before a NAS, so that what waits for it is sent now. One that another tenant's NAS has too \
                    is nobody's to reset.
                    """,
                    .data(Self.breaker.schema)
                )
            )
        ) { request in
            let id = try request.pathID()
            // On record before it happens, committed with nothing else: the provisioner is not part of the transaction.
            let nas = try await parts.prepare(request) { work in
                let nas = try await nases.found(id, work.transaction, work.caller)
                work.record(
                    .update,
                    AuditResource("nas_breaker", nas.id),
                    of: nas.tenantID,
                    .created(["state": "reset"])
                )
                return nas
            }
            let breaker = try await ask(.reset, nas)
            guard breaker.wasReset else {
                throw Problem.conflict("breaker_shared", "Another's NAS has the same address and port for CoA.")
            }
            return Self.breaker.answer(breaker)
        }
    }

    private var release: GatewayRoute {
        GatewayRoute(
            .post,
            "/api/v1/nas/{id:uuid}/brake/release",
            operationID: "releaseNASBrake",
            metadata: Access(
                .permission(.nasUpdate),
                repetition: .keyed,
                operation: Operation(
                    "nas",
                    """
                    Lets the sessions of a NAS end that are held back since too many were to end at once, by its own limit or its \
                    tenant's.
                    """,
                    .data(Self.breaker.schema)
                )
            )
        ) { request in
            let id = try request.pathID()
            let nas = try await parts.prepare(request) { work in
                let nas = try await nases.found(id, work.transaction, work.caller)
                work.record(
                    .update,
                    AuditResource("nas_brake", nas.id),
                    of: nas.tenantID,
                    .created(["state": "released"])
                )
                return nas
            }
            return Self.breaker.answer(try await ask(.release, nas))
        }
    }

    /// What the provisioner says of a NAS that the caller may see.
    private func ask(_ action: BreakerQuery.Action, _ nas: NAS) async throws -> NASBreaker {
        let query = BreakerQuery([.init(tenantID: nas.tenantID, nasID: nas.id)])
        let octets = try await parts.messages.ask(action.subject, query.json, within: Self.patience)
        let answer: BreakerAnswer
        do throws(JSONError) {
            answer = try BreakerAnswer(json: octets)
        } catch {
            throw Problem.unavailable("The provisioner's answer cannot be read.")
        }
        switch answer {
        case .refusal(let refusal): throw Problem.unavailable(refusal.message)
        case .breakers(let breakers):
            guard let breaker = breakers.first(where: { $0.nasID == nas.id }) else { throw Problem.notFound }
            return breaker
        }
    }
}
