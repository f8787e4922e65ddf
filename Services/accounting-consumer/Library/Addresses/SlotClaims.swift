import Admission
import Domain
import Persistence

extension DeviceKey {
    /// The key that radius-server makes of what the NAS sent.
    init(callingStationID: String, nas: NASID, port: UInt32?) {
        guard !callingStationID.isEmpty else {
            self.init(nas: nas.value, port: port ?? 0)
            return
        }
        let octets = Array(callingStationID.utf8)
        self = unsafe octets.withUnsafeBytes { unsafe DeviceKey(callingStation: $0) }
    }
}

extension KnownSession {
    var device: DeviceKey { DeviceKey(callingStationID: callingStationID, nas: nasID, port: nasPort) }

    /// Its slot, as Redis must have it.
    func claim(leaseSeconds: UInt32) -> AdmissionClaim {
        var claim = AdmissionClaim(
            service: serviceID.value,
            device: device,
            admission: admissionID?.value ?? .zero,
            nas: nasID.value,
            since: startedAt
        )
        claim.leaseSeconds = leaseSeconds
        claim.isStored = true
        return claim
    }

    func report(_ kind: SessionReport.Kind, leaseSeconds: UInt32 = 900) -> SessionReport {
        SessionReport(
            kind,
            service: serviceID.value,
            device: device,
            admission: admissionID?.value ?? .zero,
            nas: nasID.value,
            leaseSeconds: leaseSeconds
        )
    }
}

extension EndedSession {
    var report: SessionReport {
        SessionReport(
            .ended,
            service: serviceID.value,
            device: DeviceKey(callingStationID: callingStationID, nas: nasID, port: nasPort),
            admission: admissionID?.value ?? .zero,
            nas: nasID.value
        )
    }
}

extension OpenAllocation {
    /// Its unit, as Redis must have it; nil where it is kept for its owner no longer, or its pool is gone.
    func claim(_ pools: PoolCatalogue, leaseSeconds: UInt32, now: Timestamp) -> AdmissionClaim? {
        guard let pool = pools.pool(allocation.pool) else { return nil }
        var claim: AdmissionClaim
        if let session, allocation.status == .allocated {
            claim = session.claim(leaseSeconds: leaseSeconds)
            if session.admissionID == nil { claim.admission = allocation.admission?.value ?? .zero }
        } else {
            let address = allocation.hardwareAddress
            claim = AdmissionClaim(
                service: allocation.service.value,
                // A device is known by its address however it is written, so also without the separators.
                device: address == 0
                    ? DeviceKey(nas: allocation.id, port: 0)
                    : DeviceKey(
                        callingStationID: MACAddress(bits: address).description,
                        nas: allocation.nas ?? NASID(.zero),
                        port: nil
                    ),
                admission: allocation.admission?.value ?? .zero,
                nas: allocation.nas?.value ?? .zero,
                since: allocation.allocatedAt
            )
            claim.leaseSeconds = leaseSeconds
            claim.isStored = true
        }
        if allocation.status == .reserved {
            let kept = (allocation.releasedAt ?? now).adding(microseconds: Int64(pool.stickySeconds) * 1_000_000)
            guard kept > now else { return nil }
            claim.state = .kept
            claim.leaseSeconds = UInt32(clamping: kept.microseconds(since: now) / 1_000_000 + 1)
        }
        claim.unit = (PoolTerms(pool), pool.use, allocation.offset)
        claim.hardwareAddress = allocation.hardwareAddress
        return claim
    }
}
