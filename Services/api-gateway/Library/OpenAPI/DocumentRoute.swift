import HTTPServer
import Lifecycle

/// The description of everything that is served, itself included.
enum DocumentRoute {
    static func route(describing routes: [GatewayRoute]) throws -> GatewayRoute {
        let access = Access(
            // It tells nobody anything that the product's documentation does not.
            .open,
            operation: Operation("meta", "This document.", .plain(.object([], isOpen: true)))
        )
        let undescribed = GatewayRoute(
            .get,
            "/api/v1/openapi.json",
            operationID: "getOpenAPI",
            metadata: access,
            handler: { _ in Response(.ok) }
        )
        let octets = OpenAPIDocument.make(of: routes + [undescribed], version: Build.version)
        let asset = try Asset(octets, contentType: "application/json")
        return GatewayRoute(.get, "/api/v1/openapi.json", operationID: "getOpenAPI", metadata: access) { request in
            asset.response(to: request)
        }
    }
}
