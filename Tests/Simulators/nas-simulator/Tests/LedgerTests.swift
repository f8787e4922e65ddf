import Domain
import SharedTesting
import Testing

@testable import NASSimulator

/// The days without a network: every report as radius-server would understand it, in batches whose order is shuffled as two
/// consumers might, folded by the product's own rules, against the truth. Thousands of times faster than a played day,
/// so many more seeds are tried; what a played day finds is found here first.
@Suite struct LedgerTests {
    private struct Books {
        let script: DayScript
        let result: PlayResult
        private let tenant = TenantID(UUID128(high: 1, low: 1))
        private let dayBegan = Int64(1_795_000_000) * 1_000_000
        private var rows: [SessionID: SessionState] = [:]
        private var order: [SessionID] = []
        private var restarts: [NASRestart] = []
        private var usage: [UInt64: ExpectedBooks.Usage] = [:]
        private var records: UInt64 = 0

        init(seed: UInt64) {
            script = ModelTests.script(seed, subscribers: 30, nases: 9)
            var result = PlayResult()
            result.sessions = script.sessions
            result.dayBegan = dayBegan
            result.began = dayBegan
            self.result = result
        }

        /// Plays the day in batches; `lag` is by how many places a report may be overtaken.
        mutating func play(_ chance: inout Chance, batch: Int, lag: Int) {
            var arrivals: [(place: Int, record: AccountingRecord)] = []
            for (place, event) in script.events.enumerated() {
                switch event.event {
                case .login: continue
                case .boot(let index):
                    let late = chance.happens(3000) ? chance.below(lag + 1) : 0
                    arrivals.append((place + late, boot(script.boots[index])))
                case .record(let session, let index):
                    let truth = script.sessions[session]
                    let late = truth.isOrderly ? 0 : chance.happens(1000) ? chance.below(lag + 1) : 0
                    arrivals.append((place + late, report(truth.records[index], of: truth)))
                    if chance.happens(300) {
                        // Once more, as another packet, later.
                        arrivals.append((place + lag, report(truth.records[index], of: truth)))
                    }
                }
            }
            let sorted = arrivals.enumerated().sorted {
                ($0.element.place, $0.offset) < ($1.element.place, $1.offset)
            }
            var next = 0
            while next < sorted.count {
                let end = min(sorted.count, next + 1 + chance.below(batch))
                commit(sorted[next..<end].map(\.element.record))
                next = end
            }
        }

        private mutating func commit(_ records: [AccountingRecord]) {
            let keys = Set(records.map(\.sessionKey))
            let admissions = Set(records.compactMap(\.admissionID))
            let existing = order.compactMap { rows[$0] }.filter { row in
                keys.contains(row.sessionKey) || row.admissionID.map(admissions.contains) == true
            }
            let outcome = SessionLedger.fold(records: records, existing: existing, knownRestarts: restarts)
            for change in outcome.rows {
                if rows.updateValue(change.state, forKey: change.state.id) == nil { order.append(change.state.id) }
            }
            for restart in outcome.restarts {
                restarts.append(restart)
                for id in order {
                    guard var row = rows[id], restart.ends(row) else { continue }
                    row.close(.nasReboot, at: restart.at)
                    rows[id] = row
                }
            }
            for delta in outcome.deltas {
                let service = delta.serviceID?.value.low ?? 0
                usage[service, default: .init()].input += delta.inputOctets
                usage[service, default: .init()].output += delta.outputOctets
                usage[service, default: .init()].sessions += Int64(delta.sessions)
            }
        }

        // MARK: - Records

        private mutating func record(
            _ status: AccountingStatus,
            nas: Int,
            at: Int
        ) -> AccountingRecord {
            records += 1
            // Received when it was taken down: delays only move both by the same.
            return AccountingRecord(
                id: EventID(UUID128(high: 9, low: records)),
                tenantID: tenant,
                nasID: NASID(UUID128(high: 2, low: UInt64(nas))),
                statusType: status,
                receivedAt: Timestamp(microseconds: dayBegan + Int64(at) * 1_000_000 + Int64(records % 900_000))
            )
        }

        private mutating func boot(_ boot: SimBoot) -> AccountingRecord {
            record(boot.isOn ? .accountingOn : .accountingOff, nas: boot.nas, at: boot.at)
        }

        private mutating func report(_ told: SimRecord, of session: SimSession) -> AccountingRecord {
            let nas = script.world.nases[session.nas]
            let kind: AccountingStatus =
                switch told.kind {
                case .start: .start
                case .interim: .interimUpdate
                case .stop: .stop
                }
            var record = record(kind, nas: session.nas, at: told.at)
            let wraps = nas.kind.counters == .wrapping
            record.acctSessionID = session.id
            record.username = script.world.subscribers[session.subscriber].username
            record.serviceID = ServiceID(UUID128(high: 3, low: UInt64(session.subscriber)))
            record.callingStationID = nas.kind.sendsCallingStation ? "station-\(session.subscriber)" : ""
            record.nasPort = session.port
            record.sessionSeconds = UInt32(clamping: told.age)
            record.inputOctets = wraps ? told.countedInput & 0xffff_ffff : told.countedInput
            record.outputOctets = wraps ? told.countedOutput & 0xffff_ffff : told.countedOutput
            record.hasGigawords =
                nas.kind.counters == .gigawords || max(record.inputOctets, record.outputOctets) >> 32 > 0
            if nas.kind.sendsPackets, told.kind != .start {
                record.inputPackets = Int64(told.countedInputPackets)
                record.outputPackets = Int64(told.countedOutputPackets)
            }
            if nas.echoesClass { record.admissionID = AdmissionID(UUID128(high: 4, low: UInt64(session.number))) }
            if told.kind == .stop, case .stop(let cause) = session.ending, nas.kind.sendsTerminateCause {
                record.terminateCause = cause
            }
            return record
        }

        // MARK: - Results

        func differences() -> [Comparison.Discrepancy] {
            let world = script.world
            let found = order.compactMap { rows[$0] }.map { row in
                let subscriber = world.subscribers[Int(row.serviceID?.value.low ?? 0)]
                return FoundBooks.Row(
                    key: ExpectedBooks.Key(
                        nas: world.nases[Int(row.nasID.value.low)].name,
                        id: row.acctSessionID,
                        username: row.username,
                        station: row.callingStationID.isEmpty ? "" : subscriber.station,
                        port: row.nasPort ?? .max
                    ),
                    start: row.startedAt.microseconds,
                    end: row.endedAt?.microseconds,
                    closedBy: row.closedBy?.rawValue,
                    cause: row.terminateCause.map(Int64.init),
                    input: row.inputOctets,
                    output: row.outputOctets,
                    service: subscriber.username
                )
            }
            let span = Comparison.Span(began: dayBegan, ended: dayBegan + 2 * 86_400_000_000)
            let days = usage.map { service, usage in
                FoundBooks.Day(
                    username: world.subscribers[Int(service)].username,
                    day: dayBegan / 86_400_000_000,
                    usage: usage
                )
            }
            return Comparison.differences(ExpectedBooks(script, result), FoundBooks(rows: found, days: days), span)
        }
    }

    @Test func `a day in order is booked to the octet, whatever the batches`() {
        for seed in 1...40 as ClosedRange<UInt64> {
            for batch in [1, 40, 5000] {
                var books = Books(seed: seed)
                var chance = Chance(seed: seed, "batches", batch)
                books.play(&chance, batch: batch, lag: 0)
                let wrong = books.differences()
                #expect(wrong.isEmpty, "seed \(seed), batches of \(batch): \(wrong.count), \(wrong.first?.text ?? "")")
            }
        }
    }

    @Test func `reports that overtake one another change nothing`() {
        for seed in 1...60 as ClosedRange<UInt64> {
            var books = Books(seed: seed)
            var chance = Chance(seed: seed, "overtaking")
            books.play(&chance, batch: 60, lag: 200)
            let wrong = books.differences()
            #expect(wrong.isEmpty, "seed \(seed): \(wrong.count), \(wrong.first?.text ?? "")")
        }
    }
}
