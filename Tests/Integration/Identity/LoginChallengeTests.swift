import Crypto
import Domain
import Identity
import SharedTesting
import Testing
import WireFormat

/// The work that an attempt must bring done (IAM-29), solved as a client solves it.
@Suite(.proves("IAM-29")) struct LoginChallengeTests {
    private let tenant = TenantID(UUID128(high: 1, low: 2))
    private static let now = Timestamp(secondsSince1970: 1_790_000_000)

    private func challenges(key: UInt8 = 7, at now: Timestamp = now, capacity: Int = 1_000) -> LoginChallenges {
        LoginChallenges(
            key: [UInt8](repeating: key, count: 32),
            time: .fixed(now),
            maximum: 200,
            lifetime: .seconds(60),
            capacity: capacity
        )
    }

    private func solve(_ challenge: LoginChallenge, change: (inout [String: String]) -> Void = { _ in }) throws
        -> String
    {
        let number = try #require(
            (0...challenge.maximum).first {
                Hex.encode(Digest.sha256(Array("\(challenge.salt)\($0)".utf8))) == challenge.challenge
            }
        )
        var members = [
            "algorithm": "\"SHA-256\"", "challenge": "\"\(challenge.challenge)\"", "number": "\(number)",
            "salt": "\"\(challenge.salt)\"", "signature": "\"\(challenge.signature)\"",
        ]
        change(&members)
        let json = members.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",")
        return Base64.encode(Array("{\(json)}".utf8))
    }

    @Test func `a solution is taken once, for its account, until it ends`() throws {
        let challenges = challenges()
        for _ in 0..<100 {
            let solution = try solve(challenges.make(tenant: tenant, email: "Ann@example.net"))
            #expect(!challenges.accept(solution, tenant: tenant, email: "bob@example.net"))
            #expect(!challenges.accept(solution, tenant: TenantID(UUID128(high: 1, low: 3)), email: "ann@example.net"))
            #expect(challenges.accept(solution, tenant: tenant, email: "ann@EXAMPLE.net"))
            #expect(!challenges.accept(solution, tenant: tenant, email: "ann@example.net"))
        }
        let late = try solve(challenges.make(tenant: tenant, email: "ann@example.net"))
        let then = self.challenges(at: Self.now + .seconds(60))
        #expect(!then.accept(late, tenant: tenant, email: "ann@example.net"))
    }

    @Test func `what was not set here is no challenge, and what is not its number no solution`() throws {
        let challenges = challenges()
        let email = "ann@example.net"
        func refuses(_ change: @escaping (inout [String: String]) -> Void) throws -> Bool {
            !challenges.accept(
                try solve(challenges.make(tenant: tenant, email: email), change: change),
                tenant: tenant,
                email: email
            )
        }
        #expect(try refuses { $0["number"] = "201" })
        #expect(try refuses { $0["number"] = "-1" })
        #expect(try refuses { $0["number"] = "9223372036854775808" })
        #expect(try refuses { $0["algorithm"] = "\"SHA-1\"" })
        #expect(try refuses { $0["signature"] = "\"\"" })
        #expect(try refuses { $0["signature"] = nil })
        #expect(try refuses { $0["salt"] = $0["salt"]?.replacing("expires=1", with: "expires=2") })
        let foreign = try solve(self.challenges(key: 8).make(tenant: tenant, email: email))
        #expect(!challenges.accept(foreign, tenant: tenant, email: email))
        for text in ["", "e30=", "%%%", String(repeating: "A", count: 2_000)] {
            #expect(!challenges.accept(text, tenant: tenant, email: email))
        }
    }

    @Test func `it remembers no more than it may, and then takes none`() throws {
        let challenges = challenges(capacity: 2)
        let taken = try (0..<3).map { _ in
            challenges.accept(
                try solve(challenges.make(tenant: tenant, email: "a@b")),
                tenant: tenant,
                email: "a@b"
            )
        }
        #expect(taken == [true, true, false])
    }
}
