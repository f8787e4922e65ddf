import Domain
import HTTPServer
import Identity
import SharedTesting
import Testing

@testable import APIGateway

/// That the table of entities is whole: a kind of thing that joins the gateway joins the properties.
@Suite struct EntityTableTests {
    @Test func `every list of the gateway is some entity's`() async throws {
        let routes = try await GatewayWorld.shared().gateway.routes
        let listed = routes.filter { route in
            if case .page = route.metadata.operation.answer { true } else { false }
        }
        let covered = EntityCase.all.reduce(into: EntityCase.questions) { $0.formUnion($1.lists) }
        #expect(Set(listed.map(\.operationID)) == covered)
        #expect(Set(EntityCase.all.map(\.name)).count == EntityCase.all.count)
    }

    @Test func `what is made by POST beside a list is written by its entity`() async throws {
        let routes = try await GatewayWorld.shared().gateway.routes
        let lists = Set(EntityCase.all.filter { $0.writing == nil }.flatMap(\.lists))
        // Made by whom stands above, in passing, or told once: each has tests of its own.
        let elsewhere: Set = [
            "/api/v1/tenants", "/api/v1/api-keys", "/api/v1/customers/{id:uuid}/notes",
            "/api/v1/customers/{id:uuid}/contacts", "/api/v1/payments", "/api/v1/cash-shifts", "/api/v1/adjustments",
        ]
        for route in routes where lists.contains(route.operationID) {
            let path = route.pattern.description
            let isMade = routes.contains { $0.method == .post && $0.pattern.description == path }
            #expect(isMade == elsewhere.contains(path), "\(path)")
        }
    }

    @Test(arguments: EntityCase.all)
    func `what is said about an entity is what its routes say`(_ entity: EntityCase) async throws {
        let routes = try await GatewayWorld.shared().gateway.routes
        for route in routes where entity.lists.contains(route.operationID) {
            let parameters = Set(route.metadata.operation.parameters.map(\.name))
            #expect(parameters.contains("count") == entity.isCounted)
            if route.operationID != "listUsers" { #expect(parameters.contains("q") == !entity.searched.isEmpty) }
            let export = route.pattern.description + "/export"
            let isExported = routes.contains { $0.pattern.description == export }
            // The files of views have tests of their own.
            #expect(isExported || !entity.isExported || route.operationID == "listSubscribers")
            guard let writing = entity.writing,
                let made = routes.first(where: {
                    $0.method == .post && $0.pattern.description == route.pattern.description
                }),
                case .json(.object(let properties, _)) = made.metadata.operation.body,
                route.operationID != "listSubscribers"
            else { continue }
            #expect(Set(properties.filter(\.isRequired).map(\.name)) == Set(writing.required))
        }
    }
}
