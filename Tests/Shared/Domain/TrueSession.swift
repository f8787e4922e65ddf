import Domain
import SharedTesting

/// A session as it really was, of which a NAS reports. Times in seconds since the world's origin.
struct TrueSession {
    let tenant: TenantID
    let nas: NASID
    let sessionID: String
    let user: String
    let admission: AdmissionID?
    let start: Double
    let end: Double
    /// Octets a second, to and from the subscriber.
    let rates: (input: Double, output: Double)
    /// Ages at which the NAS's counters begin again from zero; empty for an honest NAS.
    var resets: [Double] = []
    /// Whether the NAS counts to 2^32 only.
    var wraps = false

    /// What a record says of the session at that age.
    struct Report {
        var status: AccountingStatus
        var age: Double
    }

    /// A Start, interims every `interval` seconds and, unless the session was cut off, a Stop.
    func reports(every interval: Double, stopped: Bool = true) -> [Report] {
        var reports = [Report(status: .start, age: 0)]
        var age = interval
        while age < end - start {
            reports.append(Report(status: .interimUpdate, age: age))
            age += interval
        }
        if stopped { reports.append(Report(status: .stop, age: end - start)) }
        return reports
    }

    /// Octets since the start at that age, whatever the NAS's counter says.
    func truth(at age: Double) -> (input: Int64, output: Int64) {
        (Int64(age * rates.input), Int64(age * rates.output))
    }

    /// The record of a report that leaves the NAS after `delay` seconds of trying and is in transit for `transit`.
    func record(_ report: Report, delay: Double = 0, transit: Double = 0, ids: IDGenerator) -> AccountingRecord {
        let reset = resets.last { $0 <= report.age } ?? 0
        let (whole, before) = (truth(at: report.age), truth(at: reset))
        let counter = (input: whole.input - before.input, output: whole.output - before.output)
        let most: Int64 = wraps ? 1 << 32 : .max
        return AccountingRecord(
            id: ids.next(),
            tenantID: tenant,
            nasID: nas,
            statusType: report.status,
            receivedAt: Self.instant(start + report.age + delay + transit),
            delaySeconds: UInt32(delay),
            sessionSeconds: UInt32(report.age),
            acctSessionID: sessionID,
            username: user,
            serviceID: ServiceID(UUID128(high: 3, low: UInt64(user.utf8.count))),
            admissionID: admission,
            callingStationID: "station-\(user)",
            nasPort: 1,
            inputOctets: counter.input % most,
            outputOctets: counter.output % most,
            hasGigawords: !wraps
        )
    }

    static func instant(_ second: Double) -> Timestamp {
        Timestamp(microseconds: 1_795_168_800_000_000 + Int64(second * 1_000_000))
    }
}

/// How a network and a NAS treat records.
struct Mishaps {
    /// Chance of a record never arriving.
    var loss = 0.0
    /// Chance of the very same message arriving again (a stream's redelivery).
    var redelivery = 0.0
    /// Chance of the NAS sending it again as a new packet with Acct-Delay-Time.
    var resending = 0.0
    /// How many places a record may be out of order; nil is any order at all.
    var disorder: Int? = 0

    /// The records in their order of arrival.
    func deliver(
        _ sessions: [(TrueSession, [TrueSession.Report])],
        random: inout SeededRandom,
        ids: IDGenerator
    ) -> [AccountingRecord] {
        var sent: [AccountingRecord] = []
        for (session, reports) in sessions {
            for report in reports where !random.chance(loss) {
                let record = session.record(report, transit: .random(in: 0..<0.4, using: &random), ids: ids)
                sent.append(record)
                if random.chance(redelivery) { sent.append(record) }
                while random.chance(resending) {
                    let delay = Double.random(in: 1..<60, using: &random)
                    sent.append(session.record(report, delay: delay, ids: ids))
                }
            }
        }
        sent.sort { $0.receivedAt < $1.receivedAt }
        return random.disordered(sent, by: disorder)
    }
}

extension SeededRandom {
    mutating func chance(_ probability: Double) -> Bool { Double.random(in: 0..<1, using: &self) < probability }

    /// The elements, each at most about `reach` places from where it was; nil shuffles.
    mutating func disordered<Element>(_ elements: [Element], by reach: Int?) -> [Element] {
        guard let reach else { return elements.shuffled(using: &self) }
        guard reach > 0 else { return elements }
        let places = elements.indices.map { Double($0) + .random(in: 0..<Double(reach), using: &self) }
        return elements.indices.sorted { places[$0] < places[$1] }.map { elements[$0] }
    }

    /// The elements in order, cut into batches of any size.
    mutating func batches<Element>(_ elements: [Element]) -> [[Element]] {
        var batches: [[Element]] = []
        var start = 0
        let most = Int.random(in: 1...40, using: &self)
        while start < elements.count {
            let end = min(elements.count, start + .random(in: 1...most, using: &self))
            batches.append(Array(elements[start..<end]))
            start = end
        }
        return batches
    }
}
