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
        self.init(sequence, payload: Self.message([(sequence, username)]), journal)
    }

    static func record(_ number: UInt64, _ username: String) -> AccountingRecord {
        AccountingRecord(
            id: EventID(UUID128(high: 1, low: number)),
            tenantID: TenantID(UUID128(high: 1, low: 1)),
            nasID: NASID(UUID128(high: 1, low: 2)),
            nasName: "edge-1",
            statusType: .start,
            receivedAt: .epoch,
            username: username
        )
    }

    static func message(_ records: [(UInt64, String)]) -> [UInt8] {
        var writer = JSONWriter()
        AccountingRecorded(source: "/test", records: records.map { record($0.0, $0.1) }).encode(into: &writer)
        return writer.bytes
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

/// Fails as its script says, refuses records of one name, takes the rest.
private final class FakeStore: AccountingStore {
    let faults: Mutex<[StorageFault]>
    let committed = Mutex<[AccountingRecord]>([])
    let largest: Int
    let refused: String?
    let journal: Journal

    init(_ journal: Journal, faults: [StorageFault] = [], largest: Int = .max, refusing refused: String? = "bad") {
        self.journal = journal
        self.refused = refused
        self.faults = Mutex(faults)
        self.largest = largest
    }

    func commit(_ records: [AccountingRecord]) async throws(StorageFault) -> AccountingCommit {
        if let fault = faults.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) { throw fault }
        if records.count > largest { throw .tooLarge("locks") }
        if records.contains(where: { $0.username == refused }) { throw .refused("bad record") }
        journal.note("commit \(records.count)")
        committed.withLock { $0 += records }
        return AccountingCommit(appliedRecords: records.count)
    }

    func bury(_ message: RefusedMessage, failures: Int) async throws(StorageFault) {
        if let fault = faults.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) { throw fault }
        journal.note("row \(message.messageID) \(message.reason)")
    }
}

private final class FakeDeadLetters: DeadLetterStream {
    let payloads = Mutex<[[UInt8]]>([])
    let journal: Journal

    init(journal: Journal) { self.journal = journal }

    func bury(_ delivery: any AccountingDelivery, reason: String) async throws {
        payloads.withLock { $0.append(delivery.payload) }
        journal.note("bury \(delivery.sequence)")
        // A part is settled like any other; a message of one is taken by the stream itself.
        if delivery is MessagePart { delivery.ack() }
    }
}

@Suite struct BatchProcessorTests {
    private let journal = Journal()

    private func processor(_ store: FakeStore, letters: FakeDeadLetters? = nil) -> BatchProcessor {
        BatchProcessor(
            store: store,
            deadLetters: letters ?? FakeDeadLetters(journal: journal),
            failures: SharedFailures(),
            progress: StreamProgress(),
            metrics: ConsumerMetrics(MetricsRegistry(), stream: "ACCOUNTING", consumer: "writers"),
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
        let records = names.enumerated().map { (sequence * 100 + UInt64($0.offset), $0.element) }
        return FakeDelivery(sequence, payload: FakeDelivery.message(records), journal)
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

    @Test(.proves("MSG-03")) func `an unreadable record of a message does not take the others with it`() async throws {
        let letters = FakeDeadLetters(journal: journal)
        let processor = processor(FakeStore(journal), letters: letters)
        let whole = String(decoding: message(3, ["a", "b", "c"]).payload, as: UTF8.self)
        let second = EventID(UUID128(high: 1, low: 301))
        let broken = whole.replacing(#""username":"b""#, with: #""sessionSeconds":-1"#)
        let delivery = FakeDelivery(3, payload: Array(broken.utf8), journal)
        for _ in 0..<FailureLedger.limit { try await processor.process([delivery]) }
        #expect(journal.count("commit 2") == FailureLedger.limit)
        #expect(journal.count("nak 3") == FailureLedger.limit - 1)
        #expect(journal.count("bury 3") == 1)
        #expect(journal.count("ack 3") == 1)
        #expect(journal.all.contains { $0.hasPrefix("row \(second) cannot be decoded: ") })
        #expect(
            letters.payloads.withLock { $0.map(\.count) } == [
                try AccountingRecorded.parts(of: Array(broken.utf8))[1].payload.count
            ]
        )
    }

    @Test(.proves("MSG-03")) func `a buried record is a message of its own, which commits once its cause is mended`()
        async throws
    {
        let letters = FakeDeadLetters(journal: journal)
        let first = processor(FakeStore(journal), letters: letters)
        for _ in 0..<FailureLedger.limit { try await first.process([message(1, ["a", "bad", "c"])]) }
        #expect(journal.all.contains("row \(EventID(UUID128(high: 1, low: 101))) bad record"))
        let payload = try #require(letters.payloads.withLock { $0.first })
        #expect(payload == FakeDelivery.message([(101, "bad")]))
        let store = FakeStore(journal, refusing: nil)
        #expect(try await processor(store).process([FakeDelivery(9, payload: payload, journal)]) == 1)
        #expect(store.committed.withLock { $0 } == [FakeDelivery.record(101, "bad")])
        #expect(Array(journal.all.suffix(2)) == ["commit 1", "ack 9"])
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
