import Domain
import NexoraCommand
import SharedTesting
import Testing

@Suite struct ImportFileTests {
    private static let heading = "code,name,phone,address,username,password,plan,kind,expires_at,static_ipv4,due_day\n"

    private static let ids = IDGenerator(time: .fixed(.epoch))

    private func read(_ lines: String...) throws -> ImportFile {
        try ImportFile(
            Array((Self.heading + lines.joined(separator: "\n")).utf8),
            tenant: ID(.zero),
            ids: Self.ids
        )
    }

    @Test func `a customer's first line defines him, later lines add services`() throws {
        let file = try read(
            "C1, Ann ,+1,Street 1,ann, s p ,Home,,2026-11-20,10.0.0.1,3",
            "C1,,,,0A-1B-2C-3D-4E-5F,,Home,mac,,,",
            "C2,Bob,+2,Street 2,,,,,,,"
        )
        #expect(file.problems.isEmpty && file.recordCount == 3)
        #expect(file.rows.map(\.line) == [2, 3, 4])
        #expect(file.rows[0].customer?.name == "Ann" && file.rows[0].customer?.dueDay == 3)
        #expect(file.rows[0].service?.password == " s p ")
        #expect(file.rows[0].service?.service.expiresAt?.description == "2026-11-20T00:00:00Z")
        #expect(file.rows[1].customer == nil && file.rows[1].service?.service.username == "0a:1b:2c:3d:4e:5f")
        #expect(file.rows[1].service?.needsPassword == false)
        #expect(file.rows[2].service == nil)
    }

    @Test func `every bad row is told with its line, its column and the reason`() throws {
        let file = try read(
            "C1,Ann,,Street,ann,,Home,,,,",
            "C1,,,,bob,,Home,,,,",
            "C3,Cid,+3,Street,cid,,,dsl,soon,300.1.1.1,40",
            ",Dan,+4,Street,,,,,,,",
            "C5,Eve,+5,Street,eve,,Home,,,,",
            "C5,Eve,+5,Street,eve2,,Home,,,,",
            "C6,Fay,+6,Street,eve,,Home,,,,",
            "C7,Gus,+7,Street,,secret,,,,,",
            "C8,,,,,,,,,,",
            "C9,1,2,3,4,5,6,7,8,9,10,11"
        )
        #expect(
            file.problems.map(\.text) == [
                "line 2: phone: is missing",
                "line 3: code: belongs to the customer on line 2, which is not fit to be stored",
                "line 4: due_day: must be between 1 and 31",
                "line 4: expires_at: must be a date such as 2026-11-20 or a time such as 2026-11-20T10:00:00Z",
                "line 4: kind: must be one of pppoe, hotspot, ipoe, mac, wifi",
                "line 4: plan: is missing",
                "line 4: static_ipv4: must be an IPv4 address",
                "line 5: code: is missing",
                "line 7: code: is defined on line 6 already; leave the customer's columns empty to add a service",
                "line 8: username: stands on line 6 already",
                "line 9: password: is given without a username",
                "line 10: has neither a customer (name, phone, address) nor a service (username)",
                "line 11: has 12 fields, the heading has 11",
            ]
        )
        #expect(file.rows.map(\.line) == [6])
    }

    @Test func `problems found later take a customer's other lines along`() throws {
        var file = try read("C1,Ann,+1,Street,ann,,Home,,,,", "C1,,,,ann2,,Home,,,,", "C2,Bob,+2,Street,bob,,Home,,,,")
        file.add(problems: [ImportProblem(line: 2, column: .code, "exists already")])
        #expect(file.rows.map(\.line) == [4])
        #expect(file.problems.map(\.line) == [2, 3])
    }

    @Test(arguments: [
        ("", "line 1: the file is empty"), ("name\nx", "line 1: column \"code\" is missing"),
        ("code,user_name\n", "line 1: unknown column \"user_name\"; did you mean \"username\"?"),
        ("code,code\n", "line 1: column \"code\" stands twice"),
    ])
    func `a heading that cannot be used is refused`(_ text: String, _ expected: String) {
        do {
            _ = try ImportFile(Array(text.utf8), tenant: ID(.zero), ids: Self.ids)
            Issue.record("accepted")
        } catch {
            #expect(error.text == expected)
        }
    }
}
