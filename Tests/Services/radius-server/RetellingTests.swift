import Admission
import Domain
import SharedTesting
import Testing

@testable import RadiusServer

@Suite struct RetellingTests {
    private static let second: UInt64 = 1_000_000_000
    private static let patience = 10 * second

    private func report(_ kind: SessionReport.Kind, _ admission: UInt64) -> SessionReport {
        SessionReport(
            kind,
            service: UUID128(high: 1, low: 1),
            device: DeviceKey(1),
            admission: UUID128(high: 0, low: admission),
            nas: UUID128(high: 2, low: 1)
        )
    }

    private func claim(_ admission: UInt64) -> AdmissionClaim {
        AdmissionClaim(
            service: UUID128(high: 1, low: 1),
            device: DeviceKey(1),
            admission: UUID128(high: 0, low: admission),
            nas: UUID128(high: 2, low: 1),
            since: Timestamp(microseconds: 1)
        )
    }

    @Test("the first memory is asked once it was told, another one only after the others moved", .proves("SES-04"))
    func quiet() {
        var telling = Retelling()
        #expect(!telling.mayAsk(now: 0) && !telling.isDue(now: 5 * Self.second))
        telling.found([1], now: 5 * Self.second, patience: Self.patience)
        #expect(telling.isDue(now: 5 * Self.second) && !telling.mayAsk(now: 5 * Self.second))
        telling.begin(ends: [], claims: [], now: 5 * Self.second)
        var isFinished = telling.finish()
        #expect(isFinished)
        isFinished = telling.finish()
        #expect(!isFinished)
        #expect(telling.mayAsk(now: 5 * Self.second))

        telling.reconnect()
        #expect(!telling.mayAsk(now: 6 * Self.second))
        telling.found([2], now: 10 * Self.second, patience: Self.patience)
        telling.begin(ends: [], claims: [], now: 10 * Self.second)
        isFinished = telling.finish()
        #expect(isFinished)
        #expect(!telling.mayAsk(now: 11 * Self.second) && telling.mayAsk(now: 12 * Self.second))
    }

    @Test("ends are told before grants, each part after the answer to the last, and all again when one fails")
    func order() {
        var telling = Retelling()
        telling.found([1], now: 2 * Self.second, patience: 0)
        func begin() {
            telling.begin(
                ends: (0..<300).map { report(.ended, $0) },
                claims: (0..<130).map { claim($0) },
                now: 2 * Self.second
            )
        }
        var told: [String] = []
        func next() -> Bool {
            switch telling.next() {
            case .ends(let ends): told.append("ends \(ends.count)")
            case .claims(let claims): told.append("claims \(claims.count)")
            case nil: return false
            }
            return true
        }
        begin()
        var isTold = next()
        #expect(isTold)
        isTold = next()
        #expect(!isTold)
        telling.fail()
        #expect(telling.isDue(now: 10 * Self.second) && !telling.isComplete)
        begin()
        while next() {
            let isEarly = telling.finish()
            #expect(!isEarly)
            telling.wasAnswered()
        }
        #expect(told == ["ends 256", "ends 256", "ends 44", "claims 128", "claims 2"])
        let isFinished = telling.finish()
        #expect(isFinished)
    }

    @Test(
        "reports are remembered for a while, the oldest first, and only those that name their grant",
        .proves("SES-04")
    )
    func recent() {
        let recent = RecentReports(capacity: 3, memory: 10)
        for (kind, admission, at) in [
            (SessionReport.Kind.began, 1, 100), (.ended, 2, 101), (.began, 0, 102), (.ended, 3, 103),
            (.isAlive, 4, 104),
        ] as [(SessionReport.Kind, UInt64, UInt64)] {
            recent.note(report(kind, admission), now: at)
        }
        func admissions(_ kinds: Set<SessionReport.Kind>, _ now: UInt64) -> [UInt64] {
            recent.remembered(kinds, now: now).map(\.admission.low)
        }
        #expect(admissions([.ended], 105) == [2, 3])
        #expect(admissions([.began, .isAlive], 105) == [4])
        #expect(admissions([.ended, .isAlive], 112) == [3, 4])
        #expect(admissions([.ended, .isAlive], 120).isEmpty)
        #expect(recent.remembered([.isAlive], now: 105).allSatisfy { $0.isAgain })
        #expect(recent.remembered([.ended], now: 105).allSatisfy { !$0.isAgain })
    }
}
