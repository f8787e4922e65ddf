import SharedTesting
import Testing

/// Every setting that a daemon reads is documented where somebody will look for it.
@Suite struct SettingsTests {
    private let tree = SourceTree.shared

    @Test(.proves("DOC-01", "G-12")) func `every setting of a daemon stands in its README`() {
        let common = keys(under: "Shared/Lifecycle")
        for service in tree.folders(in: "Services") where tree.exists("Services/\(service)/Library") {
            let own = keys(under: "Services/\(service)/Library")
            guard !own.isEmpty else { continue }
            let readme = tree.text("Services/\(service)/README.md")
            for key in own.union(common).sorted() {
                #expect(readme.contains("`\(key)`"), "Services/\(service)/README.md does not say what \(key) is")
            }
        }
    }

    /// The keys that the sources of a folder read through ConfigReader.
    private func keys(under folder: String) -> Set<String> {
        let reader =
            /\.(?:string|optionalString|int|port|bool|duration|bytes|secret|url|list|choice)\(\s*"([a-z0-9_]+(?:\.[a-z0-9_]+)+)"/
        let sources = tree.files(under: folder, suffix: ".swift").map(tree.text)
        return Set(sources.flatMap { $0.matches(of: reader).map { String($0.output.1) } })
    }

    @Test func `a metric's name is registered in one place`() {
        let registration = /\.(?:counter|gauge|histogram)\(\s*"([a-z][a-z0-9_]+)"/
        var places: [String: [String]] = [:]
        for path in tree.files(under: "Shared", suffix: ".swift") + tree.files(under: "Services", suffix: ".swift") {
            for match in tree.text(path).matches(of: registration) {
                places[path.split(separator: "/").prefix(2).joined(separator: "/") + " " + match.output.1, default: []]
                    .append(path)
            }
        }
        for (name, paths) in places { #expect(paths.count == 1, "\(name) is registered in \(paths)") }
    }
}
