/// What a batch adds to one row of usage_daily.
package struct DailyUsage: Hashable, Sendable {
    package var tenantID: TenantID
    package var serviceID: ServiceID
    package var day: CivilDate
    package var inputOctets: Int64
    package var outputOctets: Int64
    package var sessions: Int

    package init(
        tenantID: TenantID,
        serviceID: ServiceID,
        day: CivilDate,
        inputOctets: Int64,
        outputOctets: Int64,
        sessions: Int
    ) {
        self.tenantID = tenantID
        self.serviceID = serviceID
        self.day = day
        self.inputOctets = inputOctets
        self.outputOctets = outputOctets
        self.sessions = sessions
    }

    /// The deltas summed by tenant, service and day, in that order, which is the one every writer locks in. Octets of
    /// nobody's service have no row.
    package static func sums(of deltas: [UsageDelta]) -> [DailyUsage] {
        var sums: [DailyUsage] = []
        sums.reserveCapacity(deltas.count)
        for delta in deltas {
            guard let service = delta.serviceID else { continue }
            sums.append(
                DailyUsage(
                    tenantID: delta.tenantID,
                    serviceID: service,
                    day: delta.at.day,
                    inputOctets: delta.inputOctets,
                    outputOctets: delta.outputOctets,
                    sessions: delta.sessions
                )
            )
        }
        sums.sort { ($0.tenantID, $0.serviceID, $0.day) < ($1.tenantID, $1.serviceID, $1.day) }
        var count = 0
        for index in sums.indices {
            if count > 0, sums[count - 1].isSameRow(as: sums[index]) {
                _ = OctetCounter.add(sums[index].inputOctets, to: &sums[count - 1].inputOctets)
                _ = OctetCounter.add(sums[index].outputOctets, to: &sums[count - 1].outputOctets)
                sums[count - 1].sessions += sums[index].sessions
            } else {
                sums[count] = sums[index]
                count += 1
            }
        }
        sums.removeLast(sums.count - count)
        return sums
    }

    private func isSameRow(as other: DailyUsage) -> Bool {
        tenantID == other.tenantID && serviceID == other.serviceID && day == other.day
    }
}
