import Domain
import SharedTesting
import Testing

@Suite(.proves("RAD-07", "G-02")) struct NASPostureTests {
    private func nas(required: Bool, limited: Bool = false) -> NAS {
        NAS(
            tenantID: TenantID(.zero),
            id: NASID(.zero),
            name: "edge",
            address: IPPrefix(IPAddress(ipv4: 1)),
            requireMessageAuthenticator: required,
            limitProxyState: limited
        )
    }

    private func random(_ random: inout SeededRandom) -> NASPosture {
        var posture = NASPosture()
        posture.logins = .random(in: 0...20, using: &random)
        posture.eap = .random(in: 0...posture.logins, using: &random)
        posture.signed = .random(in: posture.eap...posture.logins, using: &random)
        posture.proxied = .random(in: 0...posture.logins, using: &random)
        posture.proxiedUnsigned = .random(in: 0...min(posture.proxied, posture.logins - posture.signed), using: &random)
        posture.pap = posture.logins - posture.eap
        if Bool.random(using: &random) { posture.refusedUnsigned = .random(in: 0...3, using: &random) }
        return posture
    }

    @Test func `nothing is called proven that would have refused a single request`() {
        var generator = SeededRandom()
        var seen: Set<String> = []
        for _ in 0..<1_000 {
            let posture = random(&generator)
            let signing = NASTightening.requireMessageAuthenticator.verdict(posture, on: nas(required: false))
            let unsigned = posture.logins - posture.signed + posture.refusedUnsigned
            switch signing {
            case .done: Issue.record("it is not asked for yet")
            case .proven(let requests):
                #expect(unsigned == 0 && requests == posture.logins - posture.eap && requests > 0)
            case .unproven: #expect(unsigned == 0 && posture.logins == posture.eap)
            case .refuses(let requests): #expect(requests == unsigned && requests > 0)
            }
            seen.insert("\(signing)".prefix(5).description)
            let proxy = NASTightening.limitProxyState.verdict(posture, on: nas(required: false))
            if case .proven = proxy { #expect(posture.proxiedUnsigned == 0) }
            if case .refuses(let requests) = proxy { #expect(requests == posture.proxiedUnsigned) }
            #expect(NASTightening.requireMessageAuthenticator.verdict(posture, on: nas(required: true)) == .done)
            #expect(NASTightening.limitProxyState.verdict(posture, on: nas(required: true, limited: true)) == .done)
        }
        #expect(seen.count == 3)
    }

    @Test func `how often something is sent is told in words`() {
        #expect(NASPosture.Presence(0, of: 0) == .unseen)
        #expect(NASPosture.Presence(0, of: 9) == .never)
        #expect(NASPosture.Presence(8, of: 9) == .sometimes)
        #expect(NASPosture.Presence(9, of: 9) == .always)
        var posture = NASPosture()
        (posture.logins, posture.pap, posture.eap, posture.signed) = (10, 3, 6, 10)
        #expect(posture.methods.map(\.name) == ["eap", "pap", "other"])
        #expect(posture.messageAuthenticator == .always && posture.free == 4)
        posture.refusedUnsigned = 1
        #expect(posture.messageAuthenticator == .sometimes && posture.unsigned == 1)
    }

    @Test func `tightening changes what it names and nothing else`() {
        for tightening in NASTightening.allCases {
            var row = nas(required: false)
            tightening.tighten(&row)
            #expect(tightening.verdict(NASPosture(), on: row) == .done)
            #expect(row.requireMessageAuthenticator != row.limitProxyState)
        }
    }
}
