import Domain
import Events
import SharedTesting
import Testing
import WireFormat

/// What the gateway, nexora and the provisioner say to each other about breakers reads back as it was written.
@Suite(.proves("COA-05")) struct BreakerQueryTests {
    private static func id(_ random: inout SeededRandom) -> UUID128 { UUID128(high: random.next(), low: random.next()) }

    private static func breaker(_ random: inout SeededRandom) -> NASBreaker {
        func maybe(_ random: inout SeededRandom) -> Int? {
            Bool.random(using: &random) ? Int.random(in: 0...100_000, using: &random) : nil
        }
        return NASBreaker(
            nasID: NASID(id(&random)),
            endpoint: Bool.random(using: &random) ? "[2001:db8::1]:3799" : nil,
            state: ["closed", "open", "half_open"].randomElement(using: &random) ?? "",
            failures: Int.random(in: 0...1_000, using: &random),
            openings: Int.random(in: 0...1_000, using: &random),
            until: Bool.random(using: &random)
                ? Timestamp(microseconds: Int64.random(in: 0...4_000_000_000_000_000, using: &random)) : nil,
            isShared: Bool.random(using: &random),
            outstanding: maybe(&random),
            waiting: maybe(&random),
            wasReset: Bool.random(using: &random),
            brake: Bool.random(using: &random)
                ? NASBreaker.Brake(
                    holdsSince: Bool.random(using: &random) ? Timestamp(secondsSince1970: 1_790_000_000) : nil,
                    held: Int.random(in: 0...100_000, using: &random),
                    releasedUntil: Bool.random(using: &random) ? Timestamp(secondsSince1970: 1_790_000_900) : nil
                ) : nil
        )
    }

    @Test func `questions and answers read back as they were written`() throws {
        var random = SeededRandom()
        for _ in 0..<300 {
            let nases = (0..<Int.random(in: 0...5, using: &random)).map { _ in
                BreakerQuery.Subject(tenantID: TenantID(Self.id(&random)), nasID: NASID(Self.id(&random)))
            }
            let query = BreakerQuery(nases, includesShared: Bool.random(using: &random))
            #expect(try BreakerQuery(json: query.json) == query)
            let breakers = (0..<Int.random(in: 0...5, using: &random)).map { _ in Self.breaker(&random) }
            #expect(try BreakerAnswer(json: BreakerAnswer.breakers(breakers).json) == .breakers(breakers))
        }
        for code in QueryRefusal.Code.allCases {
            let answer = BreakerAnswer.refusal(QueryRefusal(code, "not \"now\""))
            #expect(try BreakerAnswer(json: answer.json) == answer)
        }
    }

    @Test func `a full question fits, and what is none is refused`() throws {
        let nas = BreakerQuery.Subject(tenantID: Samples.tenant, nasID: Samples.nas)
        let full = BreakerQuery(Array(repeating: nas, count: BreakerQuery.mostNASes), includesShared: true)
        #expect(full.json.count <= BreakerQuery.longest)
        for text in ["", "[]", "{\"nases\":[{}]}", "{\"nases\":[{\"tenantId\":\"\(Samples.tenant)\"}]}", "{} x"] {
            #expect(throws: JSONError.self, "\(text)") { try BreakerQuery(json: Array(text.utf8)) }
        }
        for text in ["{}", "{\"breakers\":[{\"state\":\"open\"}]}"] {
            #expect(throws: JSONError.self, "\(text)") { try BreakerAnswer(json: Array(text.utf8)) }
        }
        // From a later version.
        let later = "{\"breakers\":[{\"nasId\":\"\(Samples.nas)\",\"state\":\"open\",\"mood\":[1]}],\"more\":{}}"
        #expect(
            try BreakerAnswer(json: Array(later.utf8))
                == .breakers([NASBreaker(nasID: Samples.nas, endpoint: nil, state: "open")])
        )
    }
}
