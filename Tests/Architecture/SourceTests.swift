import SharedTesting
import Testing

@Suite struct SourceTests {
    private let tree = SourceTree.shared

    @Test func `banned words stay out of the product`() {
        for file in tree.swiftFiles(under: "Shared", "Services") { check(file, Allowances.product) }
    }

    @Test func `banned words stay out of the tests`() {
        for file in tree.swiftFiles(under: "Tests") { check(file, Allowances.tests) }
    }

    private func check(_ file: SwiftFile, _ words: [Allowances.Word]) {
        for word in words where !word.allowedIn.contains(where: file.path.hasPrefix) {
            for (index, line) in file.code.enumerated() where holds(line, word.text) {
                Issue.record("\(file.path):\(index + 1): \(word.text) is banned; use \(word.instead)")
            }
        }
    }

    /// Whether a line holds the text as a word of its own: `blueprint(` is no `print(`, `x.print(` is no global one.
    private func holds(_ line: String, _ text: String) -> Bool {
        line.ranges(of: text).contains { range in
            guard range.lowerBound > line.startIndex else { return true }
            let before = line[line.index(before: range.lowerBound)]
            return !(before.isLetter || before.isNumber || before == "_" || before == ".")
        }
    }

    @Test func `nothing is left unfinished`() {
        for path in tree.files() where Self.isText(path) {
            let text = tree.text(path)
            for mark in Allowances.unfinished { #expect(!text.contains(mark), "\(path) holds \(mark)") }
        }
    }

    @Test func `files stay small`() {
        for file in tree.swiftFiles(under: "Shared", "Services", "Tests") {
            let cap = file.path.hasPrefix("Tests/") ? 700 : 500
            let isLong = file.lines.count > cap + 1
            #expect(
                isLong == Allowances.longFiles.contains(file.path),
                "\(file.path) has \(file.lines.count - 1) lines; the cap is \(cap) (an exception it no longer needs?)"
            )
        }
    }

    @Test func `functions stay short`() {
        var unused = Allowances.longFunctions
        for file in tree.swiftFiles(under: "Shared", "Services", "Tests") {
            for function in file.functions where function.length > 70 {
                let key = "\(file.path):\(function.name)"
                let allowed = unused.remove(key) != nil
                #expect(allowed, "\(file.path):\(function.line): \(function.name) has \(function.length) lines")
            }
        }
        #expect(unused.isEmpty, "these are short now, so strike them from Allowances: \(unused.sorted())")
    }

    @Test func `an unchecked promise says why it holds`() {
        for file in tree.swiftFiles(under: "Shared", "Services", "Tests") {
            for (index, line) in file.code.enumerated() {
                guard line.contains("@unchecked Sendable") || line.contains("nonisolated(unsafe)") else { continue }
                let near = file.lines[max(0, index - 12)...min(index + 2, file.lines.count - 1)]
                #expect(
                    near.contains { $0.contains("SAFETY:") },
                    "\(file.path):\(index + 1): no SAFETY: line says why"
                )
            }
        }
    }

    @Test func `an executable only calls its library`() {
        for entry in Manifest.shared.entries where entry.kind == "executable" {
            for path in tree.files(under: entry.path, suffix: ".swift") {
                let lines = tree.text(path).split(separator: "\n").count
                #expect(lines <= 30, "\(path) has \(lines) lines")
            }
        }
    }

    static func isText(_ path: String) -> Bool {
        ![".binpb", ".png", ".bin", ".gz"].contains { path.hasSuffix($0) }
    }
}
