import SharedTesting
import Testing

@Suite struct TreeTests {
    private let tree = SourceTree.shared

    @Test(.proves("MIG-01", "MIG-02")) func `every migration leads forward and back`() {
        let folders = tree.folders(in: "migrations")
        #expect(!folders.isEmpty)
        for (index, folder) in folders.enumerated() {
            #expect(Int(folder.prefix(4)) == index + 1, "migrations/\(folder) is out of order")
            #expect(folder.wholeMatch(of: /\d{4}-[a-z0-9-]+/) != nil, "migrations/\(folder): the name is NNNN-words")
            for direction in ["up.sql", "down.sql"] {
                #expect(tree.bytes("migrations/\(folder)/\(direction)") > 0, "migrations/\(folder) lacks \(direction)")
            }
        }
    }

    @Test func `no path or host of one machine stands in the tree`() {
        // Put together here, so that this file does not hold them either.
        let patterns = ["/" + "work/", "deb.debian" + ".org", "pypi" + ".org", "pythonhosted" + ".org"]
        for path in tree.files() where SourceTests.isText(path) {
            let text = tree.text(path)
            for pattern in patterns { #expect(!text.contains(pattern), "\(path) holds \(pattern)") }
        }
    }

    @Test func `no file is large`() {
        for path in tree.files() {
            #expect(tree.bytes(path) <= 400_000, "\(path) has \(tree.bytes(path)) bytes")
        }
    }

    @Test(.proves("DOC-01")) func `links between the documents lead somewhere`() {
        for path in tree.files(suffix: ".md") {
            let folder = path.split(separator: "/").dropLast().joined(separator: "/")
            for match in tree.text(path).matches(of: /\]\(([^)#\s]+)[^)]*\)/) {
                let target = String(match.output.1)
                if target.contains("://") || target.hasPrefix("mailto:") { continue }
                let resolved = (folder.isEmpty ? "" : folder + "/") + target
                #expect(tree.exists(resolved), "\(path) links to \(target), which does not exist")
            }
        }
    }

    @Test(.proves("CIC-01", "CIC-15", "DOC-01", "G-24")) func `the house has its usual documents`() {
        let expected = [
            "README.md", "LICENSE", "CHANGELOG.md", "Makefile", "docker-compose.yml", ".ci/run", "docs/ARCHITECTURE.md",
            "docs/RUNBOOK.md", "docs/DEPLOYMENT.md", "docs/SECURITY.md", ".dockerignore", ".gitignore",
        ]
        for path in expected { #expect(tree.bytes(path) > 0, "\(path) is missing") }
    }

    @Test func `every make target is made by a script that exists`() {
        let makefile = tree.text("Makefile")
        for match in makefile.matches(of: /scripts\/([a-z]+)/) {
            #expect(tree.exists("scripts/\(match.output.1)"), "the Makefile calls scripts/\(match.output.1)")
        }
        for target in [
            "setup", "build", "up", "down", "status", "logs", "test", "check", "fmt", "bench", "trace", "fuzz",
        ] {
            #expect(makefile.contains("\n\(target): ## "), "make \(target) is missing or has no line for make help")
        }
    }
}
