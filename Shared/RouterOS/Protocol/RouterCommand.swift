/// What a router is asked to do: a path, arguments, and for `print` a query. Its description holds no argument: names of
/// subscribers and passwords stand there.
package struct RouterCommand: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    package struct Argument: Hashable, Sendable {
        package let name: String
        package let value: String
        /// A password: never repeated, not even where the router does.
        package let isSecret: Bool
    }

    /// As in `/ppp/secret/add`.
    package let path: String
    package private(set) var arguments: [Argument] = []
    /// In the order of the stack machine that reads them.
    package private(set) var queries: [RouterQuery] = []

    /// The path begins with a slash and is fixed by the program: it is a label of metrics.
    package init(_ path: String) {
        precondition(path.first == "/" && !path.utf8.contains(0), "a command is a path")
        self.path = path
    }

    /// With an argument more. The name is the program's own; the value may be anything.
    package func with(_ name: String, _ value: String, secret: Bool = false) -> RouterCommand {
        precondition(!name.isEmpty && !name.contains("="), "a name without =")
        var command = self
        command.arguments.append(Argument(name: name, value: value, isSecret: secret))
        return command
    }

    /// With many.
    package func with(_ added: [Argument]) -> RouterCommand {
        var command = self
        command.arguments += added
        return command
    }

    /// Only what all of these hold for.
    package func matching(_ all: RouterQuery...) -> RouterCommand { matching(all) }

    /// Only what all of these hold for.
    package func matching(_ all: [RouterQuery]) -> RouterCommand {
        var command = self
        command.queries += all
        // Said explicitly: the manual leaves open what becomes of several values that stay on the stack.
        if all.count > 1 { command.queries += [RouterQuery](repeating: .and, count: all.count - 1) }
        return command
    }

    /// Only these attributes of each row.
    package func listing(_ names: [String]) -> RouterCommand { with(".proplist", names.joined(separator: ",")) }

    /// As it goes over the wire, with a tag that comes back with every reply.
    package func sentence(tag: UInt64?) -> Sentence {
        var words = [Array(path.utf8)]
        words += arguments.map { Array("=\($0.name)=\($0.value)".utf8) }
        words += queries.map { Array($0.word.utf8) }
        if let tag { words.append(Array(".tag=\(tag)".utf8)) }
        return Sentence(words: words)
    }

    package var description: String { path }
    package var customMirror: Mirror { Mirror(self, children: ["path": path]) }
}

/// One step of a query of `print`.
package enum RouterQuery: Hashable, Sendable {
    case equals(String, String)
    case has(String)
    case lacks(String)
    case and
    case or
    case not

    var word: String {
        switch self {
        case .equals(let name, let value): "?\(name)=\(value)"
        case .has(let name): "?\(name)"
        case .lacks(let name): "?-\(name)"
        case .and: "?#&"
        case .or: "?#|"
        case .not: "?#!"
        }
    }
}
