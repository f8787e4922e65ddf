/// The targets of Package.swift, read from its text.
struct Manifest {
    struct Entry {
        /// `library`, `executable` or `tests`.
        let kind: String
        let name: String
        let path: String
        let dependencies: [String]
    }

    let entries: [Entry]

    static let shared = Manifest(SourceTree.shared.text("Package.swift"))

    init(_ text: String) {
        let declaration = /(library|executable|tests)\(\s*"(\w[\w-]*)",\s*"([^"]+)",\s*\[([^\]]*)\]/
        entries = text.matches(of: declaration).map { match in
            Entry(
                kind: String(match.output.1),
                name: String(match.output.2),
                path: String(match.output.3),
                dependencies: match.output.4.matches(of: /"(\w+)"/).map { String($0.output.1) }
            )
        }
    }

    var libraries: [Entry] { entries.filter { $0.kind != "tests" } }

    /// The target whose folder holds a file: the longest path that fits.
    func owner(of path: String) -> Entry? {
        entries.filter { path.hasPrefix($0.path + "/") }.max { $0.path.count < $1.path.count }
    }
}
