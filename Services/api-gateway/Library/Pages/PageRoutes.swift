import HTTPServer

/// The pages (Services/web) from memory: `/` and `/assets/…`. Whoever loads them learns nothing by it: what they show
/// comes from the API, for whom it is.
package struct PageRoutes: Sendable {
    private let page: Asset
    private let assets: [String: Asset]

    package init(_ folder: WebFolder) throws {
        var assets: [String: Asset] = [:]
        for file in folder.files {
            assets[file.path] = try Asset(file.octets, contentType: HeaderValue(withoutControls: file.contentType))
        }
        guard let page = assets["index.html"] else { throw WebFolder.Fault(description: "there is no index.html") }
        self.page = page
        self.assets = assets
    }

    package var routes: [GatewayRoute] {
        [
            GatewayRoute(
                .get,
                "/",
                operationID: "getPage",
                // Whoever is to sign in has not yet.
                metadata: Access(
                    .open,
                    limit: .address,
                    operation: Operation("pages", "The pages.", .other(["text/html"]))
                )
            ) { [page] request in Self.answer(page, request) },
            GatewayRoute(
                .get,
                "/assets/{path...}",
                operationID: "getAsset",
                metadata: Access(
                    .open,
                    limit: .address,
                    operation: Operation(
                        "pages",
                        "A file of the pages.",
                        .other(["text/javascript", "text/css", "image/svg+xml"]),
                        others: [404]
                    )
                )
            ) { [assets] request in
                guard let asset = assets["assets/" + (request.parameters["path"] ?? "")] else { throw Problem.notFound }
                return Self.answer(asset, request)
            },
        ]
    }

    /// Nothing runs, and nothing is shown, that is not a file of this server; no markup is made of text; nobody frames it.
    static let policy: HeaderValue = """
        default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; \
        base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'
        """

    private static func answer(_ asset: Asset, _ request: Request) -> Response {
        var response = asset.response(to: request)
        response.headers["content-security-policy"] = policy
        // Asked for again each time, and answered 304: a new version is seen at once.
        response.headers["cache-control"] = "no-cache"
        return response
    }
}
