/// What one batch of reports added to a session, for whoever judges whether that can be. Nothing here changes an octet.
package struct CounterObservation: Hashable, Sendable {
    package var tenantID: TenantID
    package var nasID: NASID
    package var sessionID: SessionID
    package var serviceID: ServiceID?
    /// By how much the session got older.
    package var seconds: Int64
    /// Octets from the subscriber that were added meanwhile.
    package var inputOctets: Int64
    /// Octets to the subscriber that were added meanwhile.
    package var outputOctets: Int64
    /// A counter went back within the session, and had not wrapped at 2^32.
    package var ranBackwards: Bool
    /// No more is to come.
    package var isLast: Bool

    package init(
        tenantID: TenantID,
        nasID: NASID,
        sessionID: SessionID,
        serviceID: ServiceID?,
        seconds: Int64,
        inputOctets: Int64,
        outputOctets: Int64,
        ranBackwards: Bool = false,
        isLast: Bool = false
    ) {
        self.tenantID = tenantID
        self.nasID = nasID
        self.sessionID = sessionID
        self.serviceID = serviceID
        self.seconds = seconds
        self.inputOctets = inputOctets
        self.outputOctets = outputOctets
        self.ranBackwards = ranBackwards
        self.isLast = isLast
    }

    /// From a session's row to what a batch made of it.
    package init(from old: SessionState, to change: SessionChange) {
        let new = change.state
        self.init(
            tenantID: new.tenantID,
            nasID: new.nasID,
            sessionID: new.id,
            serviceID: new.serviceID,
            seconds: new.sessionSeconds - old.sessionSeconds,
            inputOctets: new.inputOctets - old.inputOctets,
            outputOctets: new.outputOctets - old.outputOctets,
            ranBackwards: change.ranBackwards,
            isLast: !new.isOpen
        )
    }

    /// Mean bit/s from the subscriber, at least: ages are whole seconds cut downwards.
    package var inputBitsPerSecond: Int64 { rate(inputOctets) }
    /// Mean bit/s to the subscriber, at least.
    package var outputBitsPerSecond: Int64 { rate(outputOctets) }

    private func rate(_ octets: Int64) -> Int64 {
        let (bits, overflow) = max(octets, 0).multipliedReportingOverflow(by: 8)
        return (overflow ? .max : bits) / (min(max(seconds, 0), Int64.max - 1) + 1)
    }
}

/// What cannot be about a session's counters.
package enum CounterSuspicion: String, Hashable, Sendable, CaseIterable {
    /// More than any line carries.
    case impossibleRate = "impossible_rate"
    /// Far more than the plan allows, for several updates.
    case abovePlan = "above_plan"
    /// More upload than the plan allows and hardly any download, for several updates: the NAS counts from the subscriber's
    /// side, and `octets_swapped` does not say so, or says so wrongly.
    case swappedDirections = "swapped_directions"
    /// A counter fell within a session that went on.
    case ranBackwards = "ran_backwards"
}

/// Judges observations one after the other. Keeps a little of the sessions that are under suspicion, and of no others.
package struct CounterWatch: Sendable {
    /// Bit/s that no access line carries.
    package static let physicalLimit: Int64 = 400_000_000_000
    /// Times the plan's speed.
    package static let planFactor: Int64 = 10
    /// Updates in a row before a rate that could be is told.
    package static let updates = 3
    /// Sessions under suspicion that are remembered.
    package static let capacity = 10_000

    private struct Record {
        var above = 0
        var swapped = 0
        var told: Set<CounterSuspicion> = []
    }

    private var records: [SessionID: Record] = [:]

    /// A watch that suspects nobody.
    package init() {}

    /// Sessions under suspicion.
    package var suspects: Int { records.count }

    /// What cannot be about this observation, each told once in a session. `plan` is the greatest speed that the session's
    /// plan ever allows; nil where nobody knows.
    package mutating func judge(_ observation: CounterObservation, plan: SpeedPair?) -> [CounterSuspicion] {
        var record = records[observation.sessionID] ?? Record()
        var found: [CounterSuspicion] = []
        if observation.ranBackwards { found.append(.ranBackwards) }
        if max(observation.inputBitsPerSecond, observation.outputBitsPerSecond) > Self.physicalLimit {
            found.append(.impossibleRate)
        }
        // Shorter intervals say more about rounding than about the line.
        if let plan, observation.seconds >= 10 {
            record.above = Self.isAbove(observation, plan) ? record.above + 1 : 0
            // One without traffic speaks neither for nor against.
            if max(observation.inputOctets, observation.outputOctets) > 1_000_000 {
                record.swapped = Self.isSwapped(observation, plan) ? record.swapped + 1 : 0
            }
            if record.above >= Self.updates { found.append(.abovePlan) }
            if record.swapped >= Self.updates { found.append(.swappedDirections) }
        }
        found.removeAll { record.told.contains($0) }
        record.told.formUnion(found)
        let isSuspect = record.above > 0 || record.swapped > 0 || !record.told.isEmpty
        let keeps = isSuspect && !observation.isLast
        if keeps, records[observation.sessionID] != nil || records.count < Self.capacity {
            records[observation.sessionID] = record
        } else {
            records[observation.sessionID] = nil
        }
        return found
    }

    private static func isAbove(_ observation: CounterObservation, _ plan: SpeedPair) -> Bool {
        func exceeds(_ rate: Int64, _ limit: Int64) -> Bool { limit > 0 && rate / planFactor > limit }
        return exceeds(observation.inputBitsPerSecond, plan.upload)
            || exceeds(observation.outputBitsPerSecond, plan.download)
    }

    /// Only a plan with clearly less upload than download has a direction to be wrong about.
    private static func isSwapped(_ observation: CounterObservation, _ plan: SpeedPair) -> Bool {
        guard plan.upload > 0, plan.download / 2 >= plan.upload else { return false }
        return observation.inputBitsPerSecond > plan.upload / 4 * 5
            && observation.inputOctets / 4 > observation.outputOctets
    }
}
