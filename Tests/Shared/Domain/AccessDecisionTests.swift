import Domain
import SharedTesting
import Testing

@Suite struct AccessDecisionTests {
    private let now = Timestamp(microseconds: 1_800_000_000_000_000)

    private func facts(_ change: (inout AccessFacts) -> Void = { _ in }) -> AccessFacts {
        var facts = AccessFacts(tenantActive: true, serviceKnown: true, credential: .matches)
        change(&facts)
        return facts
    }

    @Test("A good login of an active service is accepted", .proves("RAD-09"))
    func accepts() {
        #expect(decideAccess(facts(), now: now) == .accept(sessionTimeout: nil))
    }

    @Test(
        "Each rule refuses for its own reason, the credential before the state of the account",
        .proves("RAD-13", "RAD-17")
    )
    func reasons() {
        let cases: [(AccessFacts, RejectReason)] = [
            (facts { $0.tenantActive = false }, .tenantInactive),
            (facts { $0.serviceKnown = false }, .unknownUser),
            (facts { $0.credential = .unsupported }, .methodUnsupported),
            (facts { $0.credential = .missing }, .credentialMissing),
            (facts { $0.credential = .differs }, .wrongPassword),
            (facts { $0.credential = .otherDevice }, .deviceMismatch),
            (facts { $0.credential = .otherIdentity }, .identityMismatch),
            (facts { $0.serviceStatus = .terminated }, .serviceTerminated),
            (facts { $0.customerStatus = .terminated }, .customerTerminated),
            (facts { $0.serviceStatus = .pending }, .servicePending),
            (facts { $0.serviceStatus = .suspended }, .serviceSuspended),
            (facts { $0.customerStatus = .suspended }, .customerSuspended),
            (facts { $0.expiresAt = now }, .serviceExpired),
            (facts { $0.planKnown = false }, .planMissing),
            (facts { $0.restriction = .blocked(until: now.adding(microseconds: 1)) }, .quotaExhausted),
            (
                facts {
                    $0.credential = .differs; $0.serviceStatus = .suspended
                }, .wrongPassword
            ),
            (
                facts {
                    $0.tenantActive = false; $0.credential = .differs
                }, .tenantInactive
            ),
        ]
        for (facts, reason) in cases { #expect(decideAccess(facts, now: now) == .reject(reason)) }
        #expect(
            Set(cases.map(\.1)).union([.sessionLimit, .noAddress]) == Set(RejectReason.allCases),
            "every reason has its case"
        )
    }

    @Test("The end of a service is half open and shortens the session", .proves("RAD-12"))
    func expiry() {
        let end = now.adding(microseconds: 10_500_000)
        #expect(decideAccess(facts { $0.expiresAt = end }, now: now) == .accept(sessionTimeout: 11))
        #expect(
            decideAccess(
                facts {
                    $0.expiresAt = end; $0.planSessionTimeout = 5
                },
                now: now
            )
                == .accept(sessionTimeout: 5)
        )
        let last = end.adding(microseconds: -1)
        #expect(decideAccess(facts { $0.expiresAt = end }, now: last) == .accept(sessionTimeout: 1))
        #expect(decideAccess(facts { $0.expiresAt = end }, now: end) == .reject(.serviceExpired))
    }

    @Test("What a quota left of a service holds until its instant and no longer", .proves("FUP-01"))
    func restrictions() {
        let end = now.adding(microseconds: 1)
        #expect(decideAccess(facts { $0.restriction = .blocked(until: end) }, now: end) == .accept(sessionTimeout: nil))
        #expect(decideAccess(facts { $0.restriction = .blocked(until: now) }, now: now) == .accept(sessionTimeout: nil))
        let throttled = facts { $0.restriction = .throttled(position: 2, until: end) }
        #expect(decideAccess(throttled, now: now) == .accept(sessionTimeout: nil))
        let told = explainAccess(throttled, now: now).filter { $0.name == "quota" }
        #expect(told.map(\.passed) == [true] && told.first?.value.hasPrefix("throttled by quota 2 until") == true)
        #expect(explainAccess(throttled, now: end).allSatisfy { $0.name != "quota" })
        let confined = facts {
            $0.restriction = .blocked(until: end)
            $0.hasWalledGarden = true
        }
        #expect(
            decideAccess(confined, now: now)
                == .accept(sessionTimeout: AccessDecision.confinedSeconds, confinedFor: .quotaExhausted)
        )
    }

    @Test("An unknown user reads like a wrong password")
    func messages() {
        #expect("\(RejectReason.unknownUser.message)" == "\(RejectReason.wrongPassword.message)")
        for reason in RejectReason.allCases {
            #expect(reason.message.utf8CodeUnitCount <= 253)
            #expect(!"\(reason.name)".contains(" "))
        }
    }

    @Test("The explanation ends at the rule that refused, for any facts")
    func explains() {
        var random = SeededRandom()
        let credentials: [CredentialCheck] = [
            .matches, .matches, .matches, .differs, .missing, .unsupported, .otherDevice,
        ]
        let states: [AccessStatus] = [.active, .active, .pending, .suspended, .terminated]
        for _ in 0..<500 {
            let sample = facts {
                $0.tenantActive = UInt8.random(in: 0..<8, using: &random) > 0
                $0.serviceKnown = UInt8.random(in: 0..<8, using: &random) > 0
                $0.credential = credentials.randomElement(using: &random) ?? .matches
                $0.serviceStatus = states.randomElement(using: &random) ?? .active
                $0.customerStatus = states.randomElement(using: &random) ?? .active
                $0.planKnown = UInt8.random(in: 0..<8, using: &random) > 0
                $0.hasWalledGarden = Bool.random(using: &random)
                $0.expiresAt =
                    Bool.random(using: &random) ? nil : now.adding(microseconds: Bool.random(using: &random) ? 1 : -1)
            }
            let rules = explainAccess(sample, now: now)
            switch decideAccess(sample, now: now) {
            case .accept(_, nil): #expect(rules.allSatisfy(\.passed) && rules.count == 7)
            case .accept(_, let reason?):
                #expect(sample.hasWalledGarden && reason.confines && rules.last?.passed == true)
                #expect(rules.dropLast().last?.passed == false)
            case .reject: #expect(rules.last?.passed == false && rules.dropLast().allSatisfy(\.passed))
            }
        }
    }
}
