import SharedTesting
import Testing

/// The alerts of deployments/monitoring, against the documents and the program.
@Suite struct AlertTests {
    private struct Rule {
        var name = ""
        var expression = ""
        var runbook = ""
        var metrics: Set<String> { AlertTests.metrics(expression) }
    }

    private let tree = SourceTree.shared

    private static func metrics(_ text: String) -> Set<String> {
        // What stands in braces are labels.
        Set(text.replacing(/\{[^}]*\}/, with: "").matches(of: /[a-z]+(?:_[a-z]+)+/).map { String($0.output) })
    }

    private var rules: [Rule] {
        var rules: [Rule] = []
        for line in tree.text("deployments/monitoring/alerts.yml").split(separator: "\n") {
            if let found = line.wholeMatch(of: /\s*- alert: (\w+)/) { rules.append(Rule(name: String(found.output.1))) }
            guard !rules.isEmpty else { continue }
            if let found = line.wholeMatch(of: /\s*expr: '(.*)'/) {
                rules[rules.count - 1].expression = String(found.output.1)
            }
            if let found = line.wholeMatch(of: /\s*runbook: (.*)/) {
                rules[rules.count - 1].runbook = String(found.output.1)
            }
        }
        return rules
    }

    /// The names of sections as links have them.
    private func anchors(_ text: String) -> Set<String> {
        Set(
            text.split(separator: "\n").filter { $0.hasPrefix("## ") }.map { line in
                String(
                    line.dropFirst(3).lowercased().map { $0 == " " ? "-" : $0 }.filter {
                        $0.isLetter || $0.isNumber || $0 == "-"
                    }
                )
            }
        )
    }

    @Test(.proves("DOC-01"))
    func `each alert names metrics that are registered and documented, and a section that says what to do`() {
        let sources = (tree.files(under: "Shared", suffix: ".swift") + tree.files(under: "Services", suffix: ".swift"))
            .map(tree.text).joined()
        let readmes = tree.folders(in: "Services").map { "Services/\($0)/README.md" }.filter(tree.exists)
        let documents = (readmes + tree.files(under: "docs", suffix: ".md").filter { $0 != "docs/RUNBOOK.md" })
            .map(tree.text).joined()
        let sections = anchors(tree.text("docs/RUNBOOK.md"))
        let rules = rules
        #expect(!rules.isEmpty && Set(rules.map(\.name)).count == rules.count)
        for rule in rules {
            #expect(!rule.metrics.isEmpty, "\(rule.name) looks at no metric")
            for metric in rule.metrics {
                #expect(sources.contains("\"\(metric)\""), "\(rule.name): nobody registers \(metric)")
                #expect(documents.contains(metric), "\(rule.name): no document says what \(metric) is")
            }
            let parts = rule.runbook.split(separator: "#")
            #expect(
                parts.first == "docs/RUNBOOK.md" && parts.count == 2 && sections.contains(String(parts[1])),
                "\(rule)"
            )
        }
    }

    @Test(.proves("DOC-01")) func `each alarm of the runbook has its alert`() {
        let watched = rules.reduce(into: Set<String>()) { $0.formUnion($1.metrics) }
        var alarms = 0
        for line in tree.text("docs/RUNBOOK.md").split(separator: "\n") where line.hasPrefix("| alert: ") {
            alarms += 1
            let sign = line.dropFirst(2).prefix { $0 != "|" }
            let metrics = Self.metrics(String(sign))
            #expect(!metrics.isEmpty && metrics.isSubset(of: watched), "\(sign) has no alert")
        }
        #expect(alarms > 0)
    }
}
