import Domain
import FoundationEssentials
import SharedTesting
import Testing

/// docs/SECURITY.md shows who may do what; `NEXORA_WRITE_GOLDENS=1` writes its table anew.
@Suite(.proves("IAM-13", "IAM-14", "IAM-35")) struct PermissionTableTests {
    private static let path =
        #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(5).joined(separator: "/")
        + "/docs/SECURITY.md"
    private static let (begin, end) = ("<!-- permissions -->\n", "<!-- end of permissions -->\n")

    private static var table: String {
        var lines = [
            "| permission | " + Role.allCases.map { "`\($0.rawValue)`" }.joined(separator: " | ") + " |",
            "| --- |" + String(repeating: " :-: |", count: Role.allCases.count),
        ]
        for permission in Permission.allCases {
            let cells = Role.allCases.map { $0.permissions.contains(permission) ? "x" : "" }
            lines.append("| `\(permission.rawValue)` | " + cells.joined(separator: " | ") + " |")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    @Test func `the documented table is the one in force`() throws {
        let text = try String(decoding: Data(contentsOf: URL(filePath: Self.path)), as: UTF8.self)
        let begin = try #require(text.firstRange(of: Self.begin)?.upperBound)
        let end = try #require(text[begin...].firstRange(of: Self.end)?.lowerBound)
        if ProcessInfo.processInfo.environment["NEXORA_WRITE_GOLDENS"] == "1" {
            let written = String(text[..<begin]) + Self.table + String(text[end...])
            try Data(written.utf8).write(to: URL(filePath: Self.path))
        } else {
            #expect(String(text[begin..<end]) == Self.table)
        }
    }

    @Test func `every permission is a resource and an action, and somebody holds it`() {
        for permission in Permission.allCases {
            #expect(!permission.resource.isEmpty && !permission.action.isEmpty, "\(permission)")
            let holders = Role.allCases.filter { $0.permissions.contains(permission) }
            #expect(!holders.isEmpty, "\(permission)")
            #expect(Permission.named(permission.rawValue) == [permission])
        }
        #expect(Set(Permission.allCases.map(\.rawValue)).count == Permission.allCases.count)
    }
}
