import Admission
import Domain
import RADIUS

/// On which terms a login asks for admission: from the directory and the packet.
enum AdmissionTerms {
    /// Fills in what the login asks for; its session counts for `lease` seconds at least when it is not heard of. False when its service is bound to another device (SES-02).
    static func fill(
        _ login: ParkedLogin,
        _ view: PacketView,
        _ nas: NASEntry,
        _ subscriber: Int,
        _ directory: Directory,
        lease: UInt32
    ) -> Bool {
        let record = directory.subscribers.records[subscriber]
        let policy = directory.tenantPolicy(nas.tenant)
        var request = AdmissionRequest(
            service: record.serviceID,
            device: DeviceKey(view, nas: nas),
            nas: nas.id,
            admission: login.acceptance.admission
        )
        request.limit = directory.sessionLimit(subscriber)
        request.replacesOldest = policy.sessionPolicy == .disconnectOldest
        request.hardwareAddress =
            unsafe view.first(AttributeType.callingStationID)
            .flatMap { unsafe MACAddress($0)?.value } ?? 0
        request.bindsDevice = policy.bindsDevice && request.hardwareAddress != 0
        request.bindingGeneration = directory.bindingGeneration(subscriber)
        login.pools = [nil, nil, nil]
        if let plan = login.acceptance.plan {
            request.leaseSeconds = max(lease, plan.sessionLease)
            let pools = directory.pools(nas: nas, plan: plan, confined: login.acceptance.confinedFor != nil)
            // What the service has for good is not taken from a pool.
            let own = directory.subscribers.prefixes(subscriber)
            login.pools = [
                record.staticIPv4 == 0 ? pools.0 : nil, own?.framed == nil ? pools.1 : nil,
                own?.delegated == nil ? pools.2 : nil,
            ]
        }
        for (use, pool) in login.pools.enumerated() { request.pools[use] = pool.map(PoolTerms.init) }
        login.request = request
        let bound = directory.boundMAC(subscriber)
        return !policy.bindsDevice || bound == 0 || bound == request.hardwareAddress
    }
}

extension DeviceKey {
    /// The caller where the NAS names one, else the port.
    init(_ view: PacketView, nas: NASEntry) {
        if let caller = unsafe view.first(AttributeType.callingStationID), caller.count > 0 {
            unsafe self.init(callingStation: caller)
        } else {
            self.init(nas: nas.id, port: view.uint32(AttributeType.nasPort) ?? 0)
        }
    }
}
