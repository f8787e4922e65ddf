package import Domain

/// What Redis had of some services and pools at a look, and what it would say to a request: the rules of
/// ``AdmissionLua/admit`` without their effects. A test holds both side by side.
package struct AdmissionView: Sendable {
    /// A pool's units.
    package struct Supply: Sendable {
        package var available = 0
        /// Blocks that were loaded.
        package var blocks: UInt32 = 0
        /// Had by services, those that are only kept for them among them.
        package var leased = 0
        /// Kept the longest for who had it last, and until when.
        package var oldestIdle: (offset: UInt64, until: Timestamp)?

        package init() {}
    }

    /// What a use of addresses would get.
    package enum UnitPreview: Sendable, Equatable {
        /// What its device has, or had last.
        case same(offset: UInt64)
        /// Any that is free.
        case anyFree
        /// What is kept the longest for another service.
        case longestIdle(offset: UInt64)
    }

    /// What the request would become.
    package enum Preview: Sendable, Equatable {
        case admitted(Admission)
        /// So many sessions count already.
        case limitReached(sessions: Int)
        case deviceMismatch(bound: UInt64)
        case exhausted(AddressPool.Use)
        /// The leases are not loaded: the server decides alone.
        case notReady
    }

    package struct Admission: Sendable, Equatable {
        /// Its device has a session that counts, which this one continues.
        package var isRepeat = false
        /// The service would be bound to this device.
        package var isNewlyBound = false
        /// Sessions of other devices that count.
        package var others = 0
        /// Those who were told to leave and have not left, and those who must leave for this one.
        package var replaced: [AdmissionResult.Replaced] = []
        /// In the order of ``AddressPool/Use``; nil where none is wanted.
        package var units: [UnitPreview?] = [nil, nil, nil]
    }

    package let now: Timestamp
    package let isReady: Bool
    package var records: [UUID128: ServiceRecord] = [:]
    package var pools: [PoolID: Supply] = [:]
    /// Units that records name and that are still their services'.
    package var owned: Set<AllocationLedger.Unit> = []

    package init(now: Timestamp, isReady: Bool) {
        self.now = now
        self.isReady = isReady
    }

    /// What `request` would become.
    package func preview(_ request: AdmissionRequest) -> Preview {
        let record = records[request.service]
        var admission = Admission()
        if request.bindsDevice, request.hardwareAddress != 0 {
            let isOlder = (record?.bindingGeneration ?? 0) < request.bindingGeneration
            let bound = isOlder ? 0 : record?.boundMAC ?? 0
            guard bound == 0 || bound == request.hardwareAddress else { return .deviceMismatch(bound: bound) }
            admission.isNewlyBound = bound == 0
        }
        let slots = record?.slots ?? []
        let own = slots.firstIndex { $0.state != .released && $0.device == request.device }
        admission.isRepeat = own.map { counts(slots[$0]) } ?? false
        let others = slots.indices.filter { $0 != own && counts(slots[$0]) }.map { slots[$0] }
        admission.others = others.count
        if request.replacesOldest {
            for index in slots.indices where index != own && isLeaving(slots[index]) {
                let replaced = AdmissionResult.Replaced(admission: slots[index].admission, nas: slots[index].nas)
                admission.replaced.append(replaced)
            }
        }
        if !admission.isRepeat, others.count >= Int(request.limit) {
            guard request.replacesOldest else { return .limitReached(sessions: others.count) }
            admission.replaced += others.sorted { $0.since < $1.since }.prefix(others.count - Int(request.limit) + 1)
                .map { AdmissionResult.Replaced(admission: $0.admission, nas: $0.nas) }
        }
        let remembered = slots.filter { $0.state == .released && $0.until > now }
        for use in AddressPool.Use.allCases {
            let index = Int(use.rawValue)
            guard let terms = request.pools[index] else { continue }
            guard isReady else { return .notReady }
            let known = ([own.map { slots[$0] }] + remembered.reversed()).lazy.compactMap { $0?.units[index] }
            guard let unit = take(terms, wanted: known.first { $0.pool == terms.id }) else { return .exhausted(use) }
            admission.units[index] = unit
        }
        return .admitted(admission)
    }

    private func counts(_ slot: ServiceRecord.Slot) -> Bool {
        (slot.state == .pending || slot.state == .active) && slot.until > now
    }

    private func isLeaving(_ slot: ServiceRecord.Slot) -> Bool { slot.state == .leaving && slot.until > now }

    private func take(_ terms: PoolTerms, wanted: AllocationLedger.Unit?) -> UnitPreview? {
        if let wanted, owned.contains(wanted) { return .same(offset: wanted.offset) }
        let supply = pools[terms.id] ?? Supply()
        if supply.available > 0 { return .anyFree }
        if let idle = supply.oldestIdle, idle.until <= now || supply.blocks >= terms.blocks {
            return .longestIdle(offset: idle.offset)
        }
        // The next block is loaded then.
        return supply.blocks < terms.blocks ? .anyFree : nil
    }
}
