import Concurrency
import Crypto
import Domain
import Events
import Observability

/// What the guard notices: refused logins that spike, unknown clients in numbers, and what each NAS sends.
extension EventVoice {
    func tellFailures() {
        let now = time.now()
        for spike in feed.failures.turn(now: SystemClock.monotonicNanoseconds()) {
            if spike.phase == .began { count(spike.place) }
            let payload = AuthFailuresSpiked(spike, threshold: feed.failures.threshold, now: now)
            let fields: LogFields = [
                "tenant.id": .string(spike.place.tenant.description), "nas.name": .string(spike.nasName ?? ""),
                "nas.id": .string(spike.place.nas?.description ?? ""), "failures": .int(spike.failures),
                "total": .int(spike.total), "reason": .string(payload.reason), "remedy": .string(payload.remedy),
            ]
            switch spike.phase {
            case .began: logger.warn("refused logins spike", fields)
            case .lasts: logger.warn("refused logins still spike", fields)
            case .over: logger.info("refused logins are calm again", fields)
            }
            send(payload, tenant: TenantID(spike.place.tenant), at: now.microseconds)
        }
        let untold = refusals.takeUntold()
        guard untold > 0 else { return }
        logger.warn(
            "more unknown clients than are told one by one: somebody scans, or forges addresses; block it in the network",
            ["packets": .int(untold)]
        )
    }

    /// Tells what NASes sent since the last time.
    func tellPosture(_ book: inout PostureBook) {
        let now = time.now()
        book.turn(
            lives.all,
            now: now,
            secretOctets: { id in store.read { $0.nases[id]?.secret.bytes.count } },
            tell: { send($1, tenant: $0, at: now.microseconds) }
        )
    }

    private func count(_ place: FailureWatch.Place) {
        if let nas = place.nas {
            nasSpikes.with(place.tenant.description, nas.description).add(1)
        } else {
            spikes.with(place.tenant.description).add(1)
        }
    }
}

extension AuthFailuresSpiked {
    init(_ spike: FailureWatch.Spike, threshold: Int, now: Timestamp) {
        let phase: Phase =
            switch spike.phase {
            case .began: .began
            case .lasts: .lasts
            case .over: .over
            }
        self.init(
            phase: phase,
            nasID: spike.place.nas.map(NASID.init),
            nasName: spike.nasName,
            failures: UInt64(spike.failures),
            threshold: UInt64(threshold),
            total: UInt64(spike.total),
            reason: "\(spike.reason.name)",
            beganAt: Timestamp(microseconds: now.microseconds - Int64(spike.age / 1_000)),
            remedy: spike.reason.remedy
        )
    }
}

extension RejectReason {
    /// What an engineer can do about many of them.
    var remedy: String {
        switch self {
        case .unknownUser, .wrongPassword, .credentialMissing, .identityMismatch:
            "Somebody guesses, or many devices have an old password: `nexora tail --subject 'radius.access.>'` shows who."
        case .methodUnsupported:
            "The NAS or its devices offer a method that is not served: see eap.methods, and `nexora nas posture`."
        case .deviceMismatch: "Devices were changed: `nexora service unbind` lets go of the old one."
        case .sessionLimit: "Services are at their session limit: `nexora session list` shows their sessions."
        case .noAddress: "A pool is exhausted: `nexora pool list` shows how full they are."
        case .quotaExhausted:
            "Subscribers whose quota is used up keep trying: a walled garden lets them in to buy more."
        case .serviceSuspended, .customerSuspended, .serviceExpired:
            "Suspended subscribers keep trying: a walled garden lets them in to pay (`nexora tenant set --walled-garden`)."
        case .serviceTerminated, .customerTerminated, .servicePending, .tenantInactive, .planMissing:
            "Subscribers without a usable service keep trying: `nexora service show` tells its state."
        }
    }
}
