import Concurrency
import Domain
import Events
import Observability
import Persistence
import SharedTesting
import Synchronization
import Testing
import WireFormat

@testable import AccountingConsumer

/// What happened, in order.
private final class Journal: Sendable {
    private let lines = Mutex<[String]>([])

    func note(_ line: String) { lines.withLock { $0.append(line) } }
    var all: [String] { lines.withLock { $0 } }
    func count(_ line: String) -> Int { all.count { $0 == line } }
}

private struct FakeDelivery: AccountingDelivery {
    let subject = "accounting.sessions.01900000-0000-7000-8000-000000000001.01900000-0000-7000-8000-000000000002"
    let payload: [UInt8]
    let messageID: String?
    let sequence: UInt64
    let timeMicroseconds: Int64
    let journal: Journal

    init(_ sequence: UInt64, username: String, _ journal: Journal) {
        let record = AccountingRecord(
            id: EventID(UUID128(high: 1, low: sequence)),
            tenantID: TenantID(UUID128(high: 1, low: 1)),
            nasID: NASID(UUID128(high: 1, low: 2)),
            statusType: .start,
            receivedAt: .epoch,
            username: username
        )
        var writer = JSONWriter()
        Event(
            id: record.id,
            source: "/test",
            time: record.receivedAt,
            tenantID: record.tenantID,
            payload: AccountingRecorded(record)
        ).encode(into: &writer)
        self.init(sequence, payload: writer.bytes, journal)
    }

    init(_ sequence: UInt64, payload: [UInt8], _ journal: Journal) {
        self.payload = payload
        self.sequence = sequence
        self.journal = journal
        messageID = "id-\(sequence)"
        timeMicroseconds = Int64(sequence)
    }

    func ack() { journal.note("ack \(sequence)") }
    func nak(delay: Duration?) { journal.note("nak \(sequence)") }
    func inProgress() { journal.note("working \(sequence)") }
}

/// Fails as its script says, refuses records named "bad", takes the rest.
private final class FakeStore: AccountingStore {
    let faults: Mutex<[StorageFault]>
    let largest: Int
    let journal: Journal

    init(_ journal: Journal, faults: [StorageFault] = [], largest: Int = .max) {
        self.journal = journal
        self.faults = Mutex(faults)
        self.largest = largest
    }

    func commit(_ records: [AccountingRecord]) async throws(StorageFault) -> AccountingCommit {
        if let fault = faults.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) { throw fault }
        if records.count > largest { throw .tooLarge("locks") }
        if records.contains(where: { $0.username == "bad" }) { throw .refused("bad record") }
        journal.note("commit \(records.count)")
        return AccountingCommit(appliedRecords: records.count)
    }

    func bury(_ message: RefusedMessage, failures: Int) async throws(StorageFault) {
        if let fault = faults.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) { throw fault }
        journal.note("row \(message.messageID) \(message.reason)")
    }
}

private struct FakeDeadLetters: DeadLetterStream {
    let journal: Journal

    func bury(_ delivery: any AccountingDelivery, reason: String) async throws {
        journal.note("bury \(delivery.sequence)")
        // A part is settled like any other; a message of one is taken by the stream itself.
        if delivery is MessagePart { delivery.ack() }
    }
}

@Suite struct BatchProcessorTests {
    private let journal = Journal()

    private func processor(_ store: FakeStore, _ registry: MetricsRegistry = MetricsRegistry()) -> BatchProcessor {
        BatchProcessor(
            store: store,
            deadLetters: FakeDeadLetters(journal: journal),
            failures: SharedFailures(),
            progress: StreamProgress(),
            metrics: ConsumerMetrics(registry, stream: "ACCOUNTING", consumer: "writers"),
            logger: Logger(service: "test", sink: MemoryLogSink()),
            stream: "ACCOUNTING",
            consumer: "writers",
            backoff: Backoff(initial: .milliseconds(1), maximum: .milliseconds(2))
        )
    }

    private func batch(_ names: [String]) -> [FakeDelivery] {
        names.enumerated().map { FakeDelivery(UInt64($0.offset + 1), username: $0.element, journal) }
    }

    /// One message of several records, as a NAS's records travel under load.
    private func message(_ sequence: UInt64, _ names: [String]) -> FakeDelivery {
        let events = names.enumerated().map {
            FakeDelivery(sequence * 100 + UInt64($0.offset), username: $0.element, journal)
        }
        let array =
            [UInt8(ascii: "[")] + Array(events.map(\.payload).joined(separator: [UInt8(ascii: ",")])) + [
                UInt8(ascii: "]")
            ]
        return FakeDelivery(sequence, payload: array, journal)
    }

    @Test(.proves("ACC-03", "ACC-05")) func `a message of several records is acknowledged once, with its last record`()
        async throws
    {
        let processor = processor(FakeStore(journal))
        #expect(try await processor.process([message(1, ["a", "b", "c"]), message(2, ["d"])]) == 4)
        #expect(journal.all == ["commit 4", "ack 1", "ack 2"])
    }

    @Test(.proves("MSG-03")) func `one bad record of a message is buried alone; its neighbours commit each time`()
        async throws
    {
        let processor = processor(FakeStore(journal))
        for _ in 0..<FailureLedger.limit { try await processor.process([message(1, ["a", "bad", "c"])]) }
        #expect(journal.count("nak 1") == FailureLedger.limit - 1)
        #expect(journal.count("bury 1") == 1)
        #expect(journal.count("ack 1") == 1)
        #expect(journal.all.count { $0.hasPrefix("row ") } == 1)
    }

    @Test(.proves("MSG-03")) func `an unreadable event of a message does not take the others with it`() async throws {
        let processor = processor(FakeStore(journal))
        let good = FakeDelivery(7, username: "a", journal).payload
        let payload = [UInt8(ascii: "[")] + good + Array(#",{"specversion":"1.0"},"#.utf8) + good + [UInt8(ascii: "]")]
        let delivery = FakeDelivery(3, payload: payload, journal)
        for _ in 0..<FailureLedger.limit { try await processor.process([delivery]) }
        #expect(journal.count("commit 2") == FailureLedger.limit)
        #expect(journal.count("bury 3") == 1)
        #expect(journal.count("ack 3") == 1)
    }

    @Test(.proves("ACC-05")) func `each delivery is acknowledged by itself and after the commit`() async throws {
        let processor = processor(FakeStore(journal))
        try await processor.process(batch(["a", "b", "c"]))
        #expect(journal.all == ["commit 3", "ack 1", "ack 2", "ack 3"])
        #expect(processor.progress.settledThrough == Timestamp(microseconds: 3))
    }

    @Test(.proves("ACC-05", "MSG-03")) func `outages hold the batch for ever and count as nobody's failure`()
        async throws
    {
        let faults =
            [StorageFault](repeating: .outage("away"), count: 40) + [.broken("no such column"), .conflict("rival")]
        let processor = processor(FakeStore(journal, faults: faults))
        try await processor.process(batch(["a", "b"]))
        #expect(journal.count("commit 2") == 1)
        #expect(journal.count("working 1") == 42)
        #expect(!journal.all.contains { $0.hasPrefix("nak") || $0.hasPrefix("bury") })
        #expect(Array(journal.all.suffix(2)) == ["ack 1", "ack 2"])
    }

    @Test(.proves("MSG-03")) func `the bad record alone is given back four times, then buried with its reason`()
        async throws
    {
        let processor = processor(FakeStore(journal))
        let deliveries = batch(["a", "b", "bad", "c", "d"])
        try await processor.process(deliveries)
        #expect(["ack 1", "ack 2", "ack 4", "ack 5", "nak 3"].allSatisfy { journal.count($0) == 1 })
        for _ in 0..<3 { try await processor.process([deliveries[2]]) }
        #expect(journal.count("nak 3") == 4)
        #expect(journal.count("bury 3") == 0)
        try await processor.process([deliveries[2]])
        #expect(Array(journal.all.suffix(2)) == ["row id-3 bad record", "bury 3"])
        #expect(journal.count("ack 3") == 0)
    }

    @Test(.proves("MSG-03")) func `what cannot be decoded is buried and holds up nobody`() async throws {
        let processor = processor(FakeStore(journal))
        let broken = FakeDelivery(9, payload: Array("{\"no\":1}".utf8), journal)
        try await processor.process(batch(["a"]) + [broken])
        #expect(journal.all == ["commit 1", "ack 1", "nak 9"])
        for _ in 0..<4 { try await processor.process([broken]) }
        #expect(journal.count("bury 9") == 1)
        #expect(journal.all.contains { $0.hasPrefix("row id-9 cannot be decoded") })
    }

    @Test func `an outage while burying is waited out`() async throws {
        let store = FakeStore(journal)
        let processor = processor(store)
        let broken = FakeDelivery(9, payload: [], journal)
        for _ in 0..<4 { try await processor.process([broken]) }
        store.faults.withLock { $0 = [.outage("away"), .outage("away")] }
        try await processor.process([broken])
        #expect(journal.count("bury 9") == 1)
        #expect(journal.all.last == "bury 9")
    }

    @Test func `a batch that is too large is committed in parts`() async throws {
        let processor = processor(FakeStore(journal, largest: 3))
        try await processor.process(batch((0..<10).map { "user\($0)" }))
        #expect(journal.all.filter { $0.hasPrefix("ack") }.count == 10)
        #expect(!journal.all.contains { $0.hasPrefix("nak") })
    }

    @Test func `a record that conflicts with itself for ever is refused in the end`() async throws {
        let processor = processor(FakeStore(journal, faults: [StorageFault](repeating: .conflict("again"), count: 20)))
        try await processor.process(batch(["a"]))
        #expect(journal.count("nak 1") == 1)
    }

    @Test(.proves("OBS-03", "OBS-04", "OBS-09")) func `metrics have their exact names`() async throws {
        let registry = MetricsRegistry()
        let metrics = ConsumerMetrics(registry, stream: "ACCOUNTING", consumer: "accounting-writers")
        let connections = ConnectionGauge(registry, total: 3)
        connections.connected(true)
        let tenant = TenantID(UUID128(high: 1, low: 1))
        metrics.count(
            AccountingCommit(appliedRecords: 2, unchangedRecords: 1, volumes: [tenant: .init(input: 5, output: 7)])
        )
        metrics.live.set([LiveSessions(tenantID: tenant, nasID: NASID(UUID128(high: 2, low: 2)), count: 4)])
        let text = String(decoding: registry.render(), as: UTF8.self)
        for line in [
            "radius_accounting_bytes_total{tenant=\"\(tenant)\",direction=\"in\"} 5",
            "radius_accounting_bytes_total{tenant=\"\(tenant)\",direction=\"out\"} 7",
            "radius_active_sessions{tenant=\"\(tenant)\",nas=\"00000000-0000-0002-0000-000000000002\"} 4",
            "accounting_records_total{outcome=\"applied\"} 2", "accounting_records_total{outcome=\"unchanged\"} 1",
            "queue_depth{stream=\"ACCOUNTING\",consumer=\"accounting-writers\"} 0", "accounting_batch_seconds_count 0",
            "accounting_lag_seconds 0", "dead_letters_total 0", "outbox_pending 0", "sessions_reaped_total 0",
            "db_pool_connections{state=\"active\"} 0", "db_pool_connections{state=\"idle\"} 1",
            "db_pool_connections{state=\"waiting\"} 2",
        ] {
            #expect(text.contains(line), "\(line)")
        }
    }
}
