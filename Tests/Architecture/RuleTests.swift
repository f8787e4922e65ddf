import SharedTesting
import Testing

/// The rules' own tools, on sources made for them: a rule that sees nothing passes for ever.
@Suite struct RuleTests {
    @Test func `comments and strings are no code`() {
        let file = SwiftFile(
            path: "X.swift",
            text: """
                let a = "print(" // print(
                /* try! /* nested */ Date() */ let b = #"a "quoted" try!"#
                let c = 1
                """
        )
        #expect(file.code.count == 3)
        #expect(!file.code.joined().contains("print("))
        #expect(!file.code.joined().contains("try!"))
        #expect(!file.code.joined().contains("Date()"))
        #expect(file.code[1].contains("let b = "))
        #expect(file.code[2] == "let c = 1")
    }

    @Test func `imports are seen with their modifiers`() {
        let text = "package import Domain\n@preconcurrency import Events\nimport struct Postgres.Row\n// import NATS\n"
        #expect(SwiftFile(path: "X.swift", text: text).imports.map(\.module) == ["Domain", "Events", "Postgres"])
    }

    @Test func `functions are measured and requirements of protocols are not`() {
        let text = """
            protocol P {
                func required(_ a: Int)
                var v: Int { get }
            }
            struct S {
                init() {
                    self.init(x: 1)
                }
                func two(
                    _ body: () -> Void = {}
                ) -> Int {
                    1
                }
            }
            """
        let functions = SwiftFile(path: "X.swift", text: text).functions
        #expect(functions.map(\.name) == ["init", "two"])
        #expect(functions.map(\.length) == [3, 5])
        #expect(functions.map(\.line) == [6, 9])
    }
}
