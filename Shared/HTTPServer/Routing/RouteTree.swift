/// Patterns by their segments. A literal wins over a parameter, a parameter over a rest; where what won leads nowhere
/// the next is tried, so a path is found wherever a pattern takes it.
struct RouteTree: Sendable {
    private struct Node: Sendable {
        var literals: [String: Int] = [:]
        var parameter: (name: String, type: PathParameterType, node: Int)?
        var rest: (name: String, route: Int)?
        /// Index of the routes' set that ends here.
        var end: Int?
        /// The first pattern that made the parameter, for what is said of the second.
        var pattern = ""
    }

    private var nodes = [Node()]

    /// The number of the set of routes with these paths: an old one, or `next` where the pattern is new.
    mutating func place(_ pattern: PathPattern, next: Int) throws(RouteError) -> Int {
        var node = 0
        for part in pattern.parts {
            switch part {
            case .literal(let text):
                if let known = nodes[node].literals[text] {
                    node = known
                } else {
                    nodes.append(Node())
                    nodes[node].literals[text] = nodes.count - 1
                    node = nodes.count - 1
                }
            case .parameter(let name, let type):
                if let known = nodes[node].parameter {
                    guard known.name == name, known.type == type else {
                        throw .ambiguous(nodes[node].pattern, pattern.description)
                    }
                    node = known.node
                } else {
                    nodes.append(Node())
                    nodes[node].parameter = (name, type, nodes.count - 1)
                    nodes[node].pattern = pattern.description
                    node = nodes.count - 1
                }
            case .rest(let name):
                if let known = nodes[node].rest {
                    guard known.name == name else { throw .ambiguous(nodes[node].pattern, pattern.description) }
                    return known.route
                }
                nodes[node].rest = (name, next)
                nodes[node].pattern = pattern.description
                return next
            }
        }
        if let known = nodes[node].end { return known }
        nodes[node].end = next
        return next
    }

    /// The set of routes that takes the segments, and their parameters.
    func find(_ segments: [String]) -> (route: Int, parameters: PathParameters)? {
        var parameters = PathParameters()
        guard let route = find(segments[...], 0, &parameters) else { return nil }
        return (route, parameters)
    }

    private func find(_ segments: ArraySlice<String>, _ index: Int, _ parameters: inout PathParameters) -> Int? {
        let node = nodes[index]
        guard let segment = segments.first else { return node.end }
        if let next = node.literals[segment], let found = find(segments.dropFirst(), next, &parameters) { return found }
        if let parameter = node.parameter, parameter.type.accepts(segment) {
            parameters.values.append((parameter.name, segment))
            if let found = find(segments.dropFirst(), parameter.node, &parameters) { return found }
            parameters.values.removeLast()
        }
        guard let rest = node.rest, !segment.isEmpty else { return nil }
        parameters.values.append((rest.name, segments.joined(separator: "/")))
        return rest.route
    }
}
