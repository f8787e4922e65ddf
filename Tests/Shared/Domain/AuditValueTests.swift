import SharedTesting
import Testing

@testable import Domain

@Suite struct AuditValueTests {
    @Test(
        arguments: [
            (AuditValue.null, "null"), (true, "true"), (-7, "-7"), ("a\"b\\c\n\u{1}é", #""a\"b\\c\u000a\u0001é""#),
            ([1, [], [:]], "[1,[],{}]"), (["b": 1, "aa": 2, "é": 3, "B": .null], #"{"B":null,"aa":2,"b":1,"é":3}"#),
        ] as [(AuditValue, String)]
    )
    func `a value has one spelling`(value: AuditValue, text: String) {
        #expect(String(decoding: value.canonicalJSON, as: UTF8.self) == text)
    }

    @Test(
        .proves("SEC-12"),
        arguments: [
            "password", "newPassword", "PASSWORD", "radius_secret", "sharedSecret", "apiKey", "api_key", "api-key",
            "APIKEY",
            "x-api-key", "refreshToken", "access_token", "totp", "totp_secret", "recoveryCodes", "pin", "psk",
            "privateKey",
            "credentials", "password_hash", "salt", "Authorization", "Set-Cookie", "user_password", "wpa_psk", "key",
        ]
    )
    func `a member named so is a secret`(name: String) {
        #expect(AuditRedaction.isSecret(name))
        let kept = AuditChange.created([name: "hunter2", "deep": [["list": [[name: ["in": "hunter2"]]]]]]).stored.new
        let json = String(decoding: kept?.canonicalJSON ?? [], as: UTF8.self)
        #expect(!json.contains("hunter2") && json.contains("[redacted]"))
    }

    @Test(arguments: [
        "name", "keyboard", "monkey", "shipping", "tokenised", "passwordChangedAt", "secret_octets",
        "api_key_id", "totp_enabled", "has_totp", "must_change_password", "key_prefix", "spinner", "hashtag",
        "credential_count",
    ])
    func `a member named so is none`(name: String) {
        #expect(!AuditRedaction.isSecret(name))
    }

    @Test func `no value's JSON is larger than it is said to be at most`() {
        var random = SeededRandom()
        let letters = Array("a\u{1}\"\\é𝄞\u{1f}z")
        for _ in 0..<200 {
            let text = String(
                (0..<Int.random(in: 0...40, using: &random)).compactMap { _ in letters.randomElement(using: &random) }
            )
            let number = Int64.random(in: .min ... .max, using: &random)
            let value: AuditValue = [
                text: .list([.text(text), .integer(number), .null, .bool(false)]), "empty": [:], "none": .list([]),
            ]
            #expect(value.canonicalJSON.count <= value.canonicalOctetsAtMost, "seed \(random.seed)")
            #expect(AuditRedaction.redact(value) == value)
        }
        let large = AuditRedaction.redact(["a": .list((0..<40).map { _ in .text(String(repeating: "b", count: 900)) })])
        #expect(large == ["octetsLeftOut": .integer(40 * 903 + 7)])
    }

    @Test func `the quick way through a plain name is the long one's`() {
        var random = SeededRandom()
        let letters = Array("aZbYkKeEyY09_-. pPaAsSwW")
        for _ in 0..<2_000 {
            let name = String(
                (0..<Int.random(in: 0...16, using: &random)).compactMap { _ in letters.randomElement(using: &random) }
            )
            #expect(AuditRedaction.words(of: name) == AuditRedaction.anyWords(of: name), "\(name), seed \(random.seed)")
        }
        // What is no ASCII takes the long one.
        #expect(AuditRedaction.words(of: "motDePasseÉté") == ["mot", "de", "passe", "été"])
    }

    @Test(.proves("SEC-12")) func `no name of a secret is passed over at first sight`() {
        var random = SeededRandom()
        let words = [
            "password", "passwd", "pwd", "secret", "tokens", "credential", "authorization", "cookie", "otp", "totp",
            "pin",
            "puk", "psk", "cvv", "seed", "key", "hash", "salt", "signature", "jwt", "bearer", "recovery", "apikey",
            "privatekey", "accesstoken",
        ]
        let others = ["user", "New", "x", "2", "_", "-", " ", "é", "wpa", "B"]
        var secrets = 0
        for _ in 0..<2_000 {
            var name = ""
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let word = (Bool.random(using: &random) ? words : others).randomElement(using: &random) ?? ""
                // Capitals and strokes anywhere, as people write them.
                for letter in word {
                    name += Int.random(in: 0..<8, using: &random) == 0 ? letter.uppercased() : String(letter)
                    if Int.random(in: 0..<12, using: &random) == 0 { name += "_" }
                }
            }
            guard AuditRedaction.saysSecret(name) else { continue }
            secrets += 1
            #expect(AuditRedaction.mayBeSecret(name), "\(name), seed \(random.seed)")
        }
        #expect(secrets > 200)
    }

    @Test(.proves("AUD-07")) func `of an update only what differs is kept, secrets only as having changed`() {
        let old: AuditValue = [
            "name": "A", "phone": "1", "password": "one", "plan": ["speed": 10, "price": "9.90"], "gone": true,
        ]
        let new: AuditValue = [
            "name": "A", "phone": "2", "password": "two", "plan": ["speed": 20, "price": "9.90"], "come": 1,
        ]
        let stored = AuditChange.updated(old, new).stored
        #expect(stored.old == ["phone": "1", "password": "[redacted]", "plan": ["speed": 10], "gone": true])
        #expect(stored.new == ["phone": "2", "password": "[redacted]", "plan": ["speed": 20], "come": 1])
        #expect(AuditChange.updated(old, old).stored.old == [:])
    }

    @Test func `a difference put together with what is the same gives both sides again`() {
        var random = SeededRandom()
        for _ in 0..<200 {
            let old = Self.object(&random)
            let new = Self.object(&random)
            guard
                case (.object(let left)?, .object(let right)?) = AuditChange.updated(.object(old), .object(new)).stored
            else {
                Issue.record("no objects")
                return
            }
            for name in Set(old.keys).union(new.keys) {
                let differs = old[name] != new[name]
                #expect((left[name] != nil || right[name] != nil) == differs, "\(name)")
                guard differs, case .integer? = old[name], case .integer? = new[name] else { continue }
                #expect(left[name] == old[name] && right[name] == new[name])
            }
        }
    }

    @Test func `what is too long, too deep or cannot be stored is cut`() {
        let long = String(repeating: "é", count: 3_000)
        var deep: AuditValue = "bottom"
        for _ in 0..<40 { deep = ["in": deep] }
        let stored = AuditChange.created(["long": .text(long), "nul": "a\0b", "deep": deep]).stored.new
        guard case .object(let members) = stored, case .text(let text) = members["long"] else {
            Issue.record("no object")
            return
        }
        #expect(text.count == AuditRedaction.maximumText && text.hasSuffix("…"))
        #expect(members["nul"] == "a\u{fffd}b")
        let bottom = String(decoding: (members["deep"] ?? .null).canonicalJSON, as: UTF8.self)
        #expect(!bottom.contains("bottom") && bottom.contains("[too deep]"))
        let huge = AuditValue.list(Array(repeating: .text(String(repeating: "x", count: 1_000)), count: 100))
        let replaced = AuditChange.created(["all": huge]).stored.new
        let octets = (replaced ?? huge).canonicalJSON.count
        #expect(octets < 100)
    }

    @Test func `an action is a small word`() {
        for name in ["login", "plan_change", "a", "wallet.debit2", String(repeating: "a", count: 50)] {
            let action = AuditAction(name)
            #expect(action?.name == name)
        }
        for name in ["", "Login", "1a", "_a", "plan change", "é", String(repeating: "a", count: 51), "a;b"] {
            #expect(AuditAction(name) == nil, "\(name)")
        }
    }

    private static func object(_ random: inout SeededRandom) -> [String: AuditValue] {
        var members: [String: AuditValue] = [:]
        for name in ["a", "b", "c", "d"] where random.next() % 3 > 0 {
            members[name] =
                random.next() % 4 == 0
                ? .object(["x": .integer(Int64(random.next() % 3))])
                : .integer(Int64(random.next() % 3))
        }
        return members
    }
}
