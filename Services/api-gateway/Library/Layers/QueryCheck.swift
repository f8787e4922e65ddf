import HTTPServer

/// Refuses what the description of a route does not know: a misspelt filter must not mean "no filter".
enum QueryCheck {
    static func layer(_ request: Request, _ route: GatewayRoute, _ next: @escaping RouteHandler) async throws
        -> Response
    {
        if route.metadata.operation.takesAnyQuery { return try await next(request) }
        if request.query.items.isEmpty, !route.metadata.operation.parameters.contains(where: \.isRequired) {
            return try await next(request)
        }
        let parameters = route.metadata.operation.parameters.filter { $0.place == .query }
        var details: [Problem.Detail] = []
        for (name, items) in Dictionary(grouping: request.query.items, by: \.name).sorted(by: { $0.key < $1.key }) {
            guard let parameter = parameters.first(where: { $0.name == name }) else {
                details.append(detail(name, "unknown", "is not known here"))
                continue
            }
            if items.count > 1, !parameter.isRepeated { details.append(detail(name, "repeated", "stands twice")) }
            if let fault = items.lazy.compactMap({ fault($0.value, parameter.schema) }).first {
                details.append(detail(name, "invalid", fault))
            }
        }
        for parameter in parameters where parameter.isRequired && request.query[parameter.name] == nil {
            details.append(detail(parameter.name, "missing", "is required"))
        }
        guard details.isEmpty else { throw Problem.invalid(details) }
        return try await next(request)
    }

    /// What a value must be, where it is not as described; what no length, range or list of words says, handlers decide.
    private static func fault(_ value: String, _ schema: Schema) -> String? {
        switch schema {
        case .text(let minimum, let maximum, _, _):
            let count = value.unicodeScalars.count
            if count >= minimum, count <= maximum ?? .max { return nil }
            return "must be \(minimum) to \(maximum ?? .max) characters"
        case .choice(let words): return words.contains(value) ? nil : "must be one of \(words.joined(separator: ", "))"
        case .integer(let range?):
            if let number = Int64(value), range.contains(number) { return nil }
            return "must be a number from \(range.lowerBound) to \(range.upperBound)"
        default: return nil
        }
    }

    private static func detail(_ name: String, _ code: String, _ message: String) -> Problem.Detail {
        Problem.Detail(field: String(name.prefix(100)), code: code, message: message)
    }
}
