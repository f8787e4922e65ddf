import Domain
import FoundationEssentials
import Notices
import SharedTesting
import Testing

/// What holds for each kind, and that docs/NOTICES.md says the same; `NEXORA_WRITE_GOLDENS=1` writes its tables anew.
@Suite(.serialized, .proves("NTF-02", "NTF-10")) struct NoticeTermsTests {
    @Test func `terms are such as tables, roles and preferences know`() throws {
        for kind in NoticeKind.allCases {
            let terms = kind.terms
            #expect((0...3).contains(terms.priority), "\(kind)")
            #expect(!terms.channels.isEmpty && Set(terms.channels).count == terms.channels.count, "\(kind)")
            #expect(terms.roles.allSatisfy { Role(rawValue: $0) != nil }, "\(kind)")
            #expect((terms.audience == .staff) == !terms.roles.isEmpty, "\(kind)")
            #expect(terms.audience == .staff || kind == .test || !terms.channels.contains(.slack), "\(kind)")
            #expect(terms.validity >= .seconds(600) && terms.validity <= .seconds(7 * 86_400), "\(kind)")
            #expect(!terms.gathers || terms.audience == .staff, "\(kind)")
            let names = (terms.variables + NoticeTerms.common).map(\.name)
            #expect(Set(names).count == names.count, "\(kind)")
            for variable in terms.variables {
                #expect(variable.kind == variable.sample.kind, "\(kind) \(variable.name)")
                #expect(!variable.isSecret || terms.category == .security || terms.category == .access, "\(kind)")
            }
            let facts = WordsWorld.samples(of: kind)
            #expect(try NoticeFacts(json: Array(facts.json().utf8)) == facts)
        }
    }

    @Test func `who waits in front of a page is before everybody, at any hour, and campaigns are last`() {
        for kind in [NoticeKind.verifyEmail, .resetPassword, .invitation, .loginCode] {
            #expect(kind.terms.priority == 0 && kind.terms.passesQuietHours && !kind.terms.category.mayBeRefused)
        }
        let last = NoticeKind.allCases.filter { $0.terms.priority == 3 }
        #expect(last == [.announcement])
        #expect(!NoticeKind.announcement.terms.passesQuietHours)
    }

    private static let path =
        #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(4).joined(separator: "/")
        + "/docs/NOTICES.md"

    private static var kinds: String {
        var lines = [
            "| kind | whom | category | priority | ways | of use for | marks |",
            "| --- | --- | --- | :-: | --- | --- | --- |",
        ]
        for kind in NoticeKind.allCases {
            let terms = kind.terms
            let whom = terms.audience == .staff ? terms.roles.joined(separator: ", ") : terms.audience.rawValue
            let ways = terms.channels.map(\.rawValue).joined(separator: terms.reach == .first ? " or " : ", ")
            let hours = terms.validity.components.seconds / 60
            let validity =
                hours % 1_440 == 0 ? "\(hours / 1_440) d" : hours % 60 == 0 ? "\(hours / 60) h" : "\(hours) min"
            let marks = (terms.gathers ? ["gathers"] : []) + (terms.passesQuietHours ? ["any hour"] : [])
            lines.append(
                "| `\(kind.rawValue)` | \(whom) | \(terms.category.rawValue) | \(terms.priority) | \(ways) | \(validity) | "
                    + "\(marks.joined(separator: ", ")) |"
            )
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static var variables: String {
        var lines = ["| kind | variables |", "| --- | --- |"]
        for (name, variables) in [("all", NoticeTerms.common)]
            + NoticeKind.allCases.map({ ("`\($0.rawValue)`", $0.terms.variables) })
        {
            let cells = variables.map { variable in
                let marks = (variable.isSecret ? ", secret" : "") + (variable.isOptional ? ", may be missing" : "")
                return "`\(variable.name)` (\(variable.kind.rawValue)\(marks))"
            }
            lines.append("| \(name) | \(cells.joined(separator: ", ")) |")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    @Test(arguments: ["kinds", "variables"]) func `the documented tables are those in force`(name: String) throws {
        let table = name == "kinds" ? Self.kinds : Self.variables
        let text = try String(decoding: Data(contentsOf: URL(filePath: Self.path)), as: UTF8.self)
        let begin = try #require(text.firstRange(of: "<!-- \(name) -->\n")?.upperBound)
        let end = try #require(text[begin...].firstRange(of: "<!-- end of \(name) -->\n")?.lowerBound)
        if ProcessInfo.processInfo.environment["NEXORA_WRITE_GOLDENS"] == "1" {
            let written = String(text[..<begin]) + table + String(text[end...])
            try Data(written.utf8).write(to: URL(filePath: Self.path))
        } else {
            #expect(String(text[begin..<end]) == table)
        }
    }
}
