import Domain
import SharedTesting
import Testing
import WireFormat

@testable import APIGateway

@Suite(.proves("LCY-05", "LCY-13", "LCY-14")) struct LifecycleRouteTests {
    private static let path = "/api/v1/service-lifecycle"

    /// A customer with a service, and who looks after him.
    private struct Scene {
        let world: GatewayWorld
        let admin, himself: GatewayWorld.Person
        let customer, plan, service: String

        init() async throws {
            world = try await GatewayWorld.shared()
            admin = try await world.person(.tenantAdmin)
            customer = try await world.customer(as: admin, "Subscriber")
            plan = try await world.plan(as: admin)
            service = try await world.service(
                as: admin,
                customer: customer,
                plan: plan,
                "life-\(world.parts.ids.uuid())"
            )
            himself = try await world.person(.customer, customer: CustomerID(customer))
        }

        func ask(
            _ kind: LifecycleKind,
            _ more: String = "",
            as person: GatewayWorld.Person? = nil,
            headers: [String: String] = [:]
        ) async throws -> Answer {
            try await world.send(
                "POST",
                "\(LifecycleRouteTests.path)/\(kind.rawValue)",
                as: person ?? admin,
                "{\"service_id\":\"\(service)\"\(more)}",
                headers: headers
            )
        }
    }

    @Test func `a run is asked for once at a time, followed, and listed`() async throws {
        let scene = try await Scene()
        let key = ["Idempotency-Key": "life-\(scene.service)"]
        let asked = try await scene.ask(.suspend, headers: key)
        #expect(asked.status == 202 && asked["data.kind"]?.text == "service_suspend", "\(asked.text)")
        let id = try #require(asked["data.id"]?.text)
        #expect(asked.headers["location"] == "\(Self.path)/runs/\(id)")
        #expect(try await scene.ask(.suspend, headers: key)["data.id"]?.text == id)
        let second = try await scene.ask(.terminate)
        #expect(second.status == 409 && second["error.code"]?.text == "LIFECYCLE_UNDER_WAY", "\(second.text)")

        let run = try await scene.world.must(200, "GET", "\(Self.path)/runs/\(id)", as: scene.admin)
        #expect(run["data.kind"]?.text == "suspend" && run["data.state"]?.text == "running")
        #expect(run["data.operation_id"]?.text == id && run["data.service_id"]?.text == scene.service)
        #expect(run.list("data.steps").count == LifecycleKind.suspend.steps.count)
        let listed = try await scene.world.must(
            200,
            "GET",
            "\(Self.path)/runs?service_id=\(scene.service)",
            as: scene.admin
        )
        #expect(listed.rows.compactMap { $0["id"]?.text } == [id])
        let none = try await scene.world.must(
            200,
            "GET",
            "\(Self.path)/runs?service_id=\(scene.service)&state=failed",
            as: scene.admin
        )
        #expect(none.rows.isEmpty)
        let status = try await scene.world.must(200, "GET", "\(Self.path)/status/\(scene.customer)", as: scene.admin)
        #expect(status.text.contains(id) && status.text.contains(scene.service))
        let operation = try await scene.world.must(200, "GET", "/api/v1/operations/\(id)", as: scene.admin)
        #expect(operation["data.state"]?.text == "pending")
    }

    @Test func `a customer asks for nothing, and reads his own`() async throws {
        let scene = try await Scene()
        #expect(try await scene.ask(.terminate, as: scene.himself).status == 403)
        let id = try #require(try await scene.ask(.suspend)["data.id"]?.text)
        #expect(try await scene.world.send("GET", "\(Self.path)/runs/\(id)", as: scene.himself).status == 200)
        let stranger = try await Scene()
        #expect(try await scene.world.send("GET", "\(Self.path)/runs/\(id)", as: stranger.himself).status == 404)
        let his = try await scene.world.must(200, "GET", "\(Self.path)/runs?limit=100", as: stranger.himself)
        #expect(his.rows.isEmpty)
        let path = "\(Self.path)/status/\(scene.customer)"
        #expect(try await scene.world.send("GET", path, as: stranger.himself).status == 404)
    }

    @Test func `who may not change contracts does not change one in this way`() async throws {
        let scene = try await Scene()
        let clerk = try await scene.world.person(.operator)
        let body =
            "{\"service_id\":\"\(scene.service)\",\"cycle\":{\"unit\":\"month\",\"count\":1},\"mode\":\"prepaid\"}"
        _ = try await scene.world.must(201, "POST", "/api/v1/subscriptions", as: scene.admin, body)
        #expect(try await scene.ask(.suspend, as: clerk).status == 403)
        let free = try await Scene()
        #expect(try await free.ask(.suspend, as: clerk).status == 202)
        // Nor gives a plan or an address where he may not.
        #expect(try await free.ask(.upgrade, ",\"plan_id\":\"\(free.plan)\"", as: clerk).status == 403)
        #expect(try await free.ask(.activate, ",\"static_ipv4\":\"192.0.2.77\"", as: clerk).status == 403)
    }

    @Test func `what is no request of its kind is refused`() async throws {
        let scene = try await Scene()
        #expect(try await scene.ask(.upgrade).status == 400)
        #expect(try await scene.ask(.activate, ",\"static_ipv4\":\"2001:db8::1\"").status == 400)
        #expect(try await scene.ask(.activate, ",\"access\":\"smoke\"").status == 400)
        #expect(try await scene.ask(.resume, ",\"plan_id\":\"\(scene.plan)\"").status == 400)
        let body = "{\"service_id\":\"\(scene.world.parts.ids.uuid())\"}"
        #expect(try await scene.world.send("POST", "\(Self.path)/suspend", as: scene.admin, body).status == 404)
    }
}
