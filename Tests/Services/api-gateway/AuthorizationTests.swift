import Domain
import HTTPServer
import Identity
import Persistence
import SharedTesting
import Testing
import WireFormat

@testable import APIGateway

@Suite struct AuthorizationTests {
    @Test(.proves("IAM-13")) func `every route has a case, and its guard is the one that was thought about`()
        async throws
    {
        let routes = try await GatewayWorld.shared().gateway.routes
        #expect(Set(routes.map(\.operationID)) == Set(AuthorizationCases.cases.keys))
        for route in routes {
            let expected = AuthorizationCases.cases[route.operationID]
            switch route.metadata.guard {
            case .open: #expect(expected == ["open"], "\(route.operationID)")
            case .signedIn: #expect(expected == ["self"], "\(route.operationID)")
            case .permissions(let permissions):
                #expect(expected == Set(permissions.map(\.rawValue)), "\(route.operationID)")
            case .roles(let roles): #expect(expected == Set(roles.map(\.rawValue)), "\(route.operationID)")
            }
        }
    }

    @Test(.proves("IAM-07", "IAM-14")) func `nobody who has proven nothing gets behind a door`() async throws {
        let world = try await GatewayWorld.shared()
        for route in world.gateway.routes where route.metadata.guard != .open {
            let answer = try await world.send(route.method.name, Self.target(route), Self.body(route))
            #expect(answer.status == 401, "\(route.operationID): \(answer.status)")
            #expect(answer["error.code"]?.text == "UNAUTHORIZED", "\(route.operationID)")
        }
    }

    @Test(.proves("IAM-14", "IAM-17", "IAM-25", "IAM-26", "IAM-27"), arguments: Role.allCases)
    func `a role gets through exactly the doors that its permissions open`(_ role: Role) async throws {
        let world = try await GatewayWorld.shared()
        var customer: CustomerID?
        if role == .customer {
            let admin = try await world.person(.tenantAdmin)
            customer = CustomerID(try await world.customer(as: admin))
        }
        let user = try await world.user(role, "\(role.rawValue)-\(world.parts.ids.uuid())", customer: customer)
        for route in world.gateway.routes {
            guard case .permissions(let needed) = route.metadata.guard else { continue }
            // What a route does to sessions must not reach the next one.
            let person = try await world.signIn(user)
            let answer = try await world.send(
                route.method.name,
                Self.target(route),
                as: person,
                Self.body(route),
                headers: route.metadata.operation.body == .stream(contentType: "text/csv")
                    ? ["Content-Type": "text/csv"] : [:]
            )
            #expect(
                answer.status != 401 && answer.status != 500,
                "\(route.operationID): \(answer.status) \(answer.text)"
            )
            if needed.isSubset(of: role.permissions) {
                #expect(answer.status != 403, "\(role) \(route.operationID): \(answer.text)")
            } else {
                #expect(answer.status == 403, "\(role) \(route.operationID): \(answer.status)")
                #expect(answer["error.code"]?.text == "FORBIDDEN")
            }
        }
    }

    @Test(.proves("IAM-11")) func `an API key opens no more than its scopes`() async throws {
        let world = try await GatewayWorld.shared()
        let admin = try await world.person(.tenantAdmin)
        let (id, text) = try await world.key(as: admin)
        for headers in [["X-API-Key": text], ["Authorization": "Bearer \(text)"]] {
            #expect(try await world.send("GET", "/api/v1/customers", headers: headers).status == 200)
            #expect(try await world.send("GET", "/api/v1/services", headers: headers).status == 403)
            #expect(try await world.send("POST", "/api/v1/customers", "{}", headers: headers).status == 403)
        }
        // Two proofs could be two people's.
        #expect(
            try await world.send("GET", "/api/v1/customers", as: admin, headers: ["X-API-Key": text]).status == 401
        )
        #expect(try await world.send("DELETE", "/api/v1/api-keys/\(id)", as: admin).status == 204)
        #expect(try await world.send("GET", "/api/v1/customers", headers: ["X-API-Key": text]).status == 401)
    }

    // MARK: - Requests that would get through

    /// A path of the route with ids of nothing.
    static func target(_ route: GatewayRoute) -> String {
        let path = route.pattern.description.split(separator: "/", omittingEmptySubsequences: false).map { part in
            part.hasPrefix("{") ? "00000000-0000-7000-8000-00000000dead" : String(part)
        }.joined(separator: "/")
        // It would tell for ever.
        if route.operationID == "streamEvents" { return path + "?follow=false" }
        let required = route.metadata.operation.parameters.filter { $0.isRequired && $0.place == .query }
        guard !required.isEmpty else { return path }
        return path + "?" + required.map { "\($0.name)=192.0.2.1" }.joined(separator: "&")
    }

    static func body(_ route: GatewayRoute) -> String? {
        switch route.metadata.operation.body {
        case .json: "{}"
        case .stream: "name,phone,address\n"
        case nil: nil
        }
    }
}
