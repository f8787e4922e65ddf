import HTTPServer
import Persistence
import SharedTesting
import Testing
import WireFormat

@testable import APIGateway

@Suite struct DescriptionTests {
    @Test(.proves("API-08")) func `the document describes every route, and nothing else`() async throws {
        let world = try await GatewayWorld.shared()
        let answer = try await world.send("GET", "/api/v1/openapi.json")
        #expect(answer.status == 200)
        guard case .object(let paths)? = answer["paths"] else {
            Issue.record("no paths")
            return
        }
        var described: Set<String> = []
        for case .object(let methods) in paths.values {
            for case .object(let operation) in methods.values {
                described.insert(operation["operationId"]?.text ?? "")
            }
        }
        #expect(described == Set(world.gateway.routes.map(\.operationID)))
        #expect(answer["openapi"]?.text == "3.1.0")
    }

    @Test func `each route says what it is, what it answers and who may call it`() async throws {
        for route in try await GatewayWorld.shared().gateway.routes {
            let operation = route.metadata.operation
            #expect(!operation.summary.isEmpty && operation.summary.hasSuffix("."), "\(route.operationID)")
            #expect(!operation.tag.isEmpty)
            #expect((operation.status == 204) == (operation.answer == .empty) || operation.status == 202)
            let changes = route.method == .post || route.method == .patch || route.method == .put
            if operation.body != nil { #expect(changes, "\(route.operationID)") }
            if route.metadata.repetition != .unkeyed { #expect(route.method == .post, "\(route.operationID)") }
            if route.method == .patch, route.metadata.guard != .signedIn {
                #expect(operation.parameters.contains(Operation.ifMatch), "\(route.operationID)")
            }
        }
    }

    @Test func `schemas are given for columns that are there`() {
        func check<Row>(_ resource: Resource<Row>) {
            let columns = Set(resource.source.columns.map(\.name))
            for name in resource.schemas.keys { #expect(columns.contains(name), "\(resource.path): \(name)") }
        }
        check(.customers)
        check(.customerNotes)
        check(.customerContacts)
        check(.serviceHistory)
        check(.plans)
        check(.bandwidthProfiles)
        check(.services)
        check(.nases)
        check(.devices)
        check(.routerOperations)
        check(.pools)
        check(.leases)
        check(.sessions)
        check(.enforcements)
        check(.usage)
        check(.operations)
        check(.deadLetters)
        check(.wallets)
        check(.payments)
        check(.cashShifts)
        check(.adjustments)
        check(.conversions)
    }
}
