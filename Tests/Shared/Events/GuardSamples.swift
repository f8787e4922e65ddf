import Domain
import Events

/// What the guard tells of NASes.
enum GuardSamples {
    static let events: [Samples.Sample] =
        AuthFailuresSpiked.Phase.allCases.map { phase in
            Samples.sample(
                "AuthFailuresSpiked.\(phase)",
                AuthFailuresSpiked(
                    phase: phase,
                    nasID: phase == .over ? nil : Samples.nas,
                    nasName: phase == .over ? nil : "edge-1",
                    failures: 84,
                    threshold: 50,
                    total: 9_007_199_254_740_993,
                    reason: "wrong_password",
                    beganAt: Samples.time,
                    remedy: "Somebody guesses."
                ),
                bare: phase != .began
            )
        } + [
            Samples.sample(
                "NASPostureSeen",
                NASPostureSeen(
                    nasID: Samples.nas,
                    day: "2026-11-21",
                    runID: Samples.id(9),
                    posture: posture,
                    firstSeenAt: Samples.time,
                    lastSeenAt: Samples.time + .seconds(60),
                    sourceAddress: "192.0.2.1",
                    secretOctets: 32
                ),
                bare: false
            ),
            Samples.sample(
                "NASPostureSeen.minimal",
                NASPostureSeen(
                    nasID: Samples.nas,
                    day: "2026-11-21",
                    runID: Samples.id(9),
                    posture: NASPosture(),
                    firstSeenAt: .epoch,
                    lastSeenAt: .epoch,
                    sourceAddress: "",
                    secretOctets: 0
                )
            ),
            Samples.sample(
                "NASTightened",
                NASTightened(
                    nasID: Samples.nas,
                    nasName: "edge-1",
                    setting: "require-message-authenticator",
                    actor: "ratchet",
                    requests: 12_345
                ),
                bare: false
            ),
        ]

    private static let posture: NASPosture = {
        var posture = NASPosture()
        (posture.logins, posture.signed, posture.proxied, posture.proxiedUnsigned) = (100, 90, 8, 7)
        (posture.pap, posture.chap, posture.mschap, posture.eap) = (60, 5, 4, 30)
        (posture.refusedUnsigned, posture.refusedProxied, posture.reports, posture.timestamped) = (3, 2, 400, 399)
        return posture
    }()
}
