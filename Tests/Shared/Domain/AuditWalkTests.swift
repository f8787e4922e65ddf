import Domain
import SharedTesting
import Testing

/// Breaks chains in every way and asks the walk for the first entry that cannot be trusted.
@Suite(.proves("AUD-15")) struct AuditWalkTests {
    /// Any function of all its octets will do for the walk; FNV-1a, four times with other beginnings.
    private static let chain = AuditChain { octets in
        (0..<4 as Range<UInt64>).flatMap { part -> [UInt8] in
            var hash: UInt64 = 0xcbf2_9ce4_8422_2325 &+ part
            for octet in octets { hash = (hash ^ UInt64(octet)) &* 0x100_0000_01b3 }
            return UUID128(high: hash, low: 0).bytes.prefix(8).map { $0 }
        }
    }
    private static let tenant = TenantID(UUID128(high: 1, low: 2))
    private static let begin = Timestamp(secondsSince1970: 1_790_000_000)

    private static func entry(_ number: Int64, name: String = "x") -> AuditEntry {
        AuditEntry(
            id: AuditEntryID(UUID128(high: 7, low: UInt64(number))),
            tenantID: tenant,
            origin: .system(requestID: "r\(number)"),
            action: .update,
            resource: AuditResource("customer", number),
            change: .updated(["name": "a"], ["name": .text(name)]),
            time: begin + .seconds(number)
        )
    }

    private static func records(_ count: Int64, after head: AuditHead = .empty) -> [AuditRecord] {
        var head = head
        guard count > 0 else { return [] }
        return (1...count).map { offset in
            let number = head.number + 1
            let entry = entry(number)
            let recordedAt = begin + .seconds(number)
            let content = chain.content(of: entry)
            let hash = chain.link(previous: head.hash, number: number, recordedAt: recordedAt, content: content)
            head = AuditHead(number: number, hash: hash)
            return AuditRecord(
                entry: entry,
                number: number,
                recordedAt: recordedAt,
                contentHash: content,
                hash: hash
            )
        }
    }

    private static func head(_ records: [AuditRecord]) -> AuditHead {
        records.last.map { AuditHead(number: $0.number, hash: $0.hash) } ?? .empty
    }

    private static func checkpoint(_ record: AuditRecord) -> AuditCheckpoint {
        AuditCheckpoint(
            tenantID: tenant,
            number: record.number,
            hash: record.hash,
            recordedAt: record.recordedAt,
            signedAt: begin
        )
    }

    private static func flaw(
        _ records: [AuditRecord],
        head: AuditHead? = nil,
        checkpoints: [AuditCheckpoint] = [],
        beginning: AuditHead = .empty
    ) -> AuditFlaw? {
        var walk = AuditWalk(chain: chain, checkpoints: checkpoints, beginning: beginning)
        for record in records { walk.follow(record) }
        walk.finish(head: head ?? self.head(records))
        return walk.flaw
    }

    @Test func `a whole chain has no flaw, with checkpoints anywhere and with its beginning dropped`() {
        var random = SeededRandom()
        for _ in 0..<100 {
            let all = Self.records(Int64(random.next() % 30))
            let checkpoints = all.filter { _ in random.next() % 3 == 0 }.map(Self.checkpoint)
            #expect(Self.flaw(all, checkpoints: checkpoints) == nil)
            guard !all.isEmpty else { continue }
            let cut = Int(random.next() % UInt64(all.count)) + 1
            let dropped = Self.head(Array(all[..<cut]))
            #expect(
                Self.flaw(
                    Array(all[cut...]),
                    head: Self.head(all),
                    checkpoints: checkpoints,
                    beginning: dropped
                ) == nil
            )
        }
    }

    @Test func `whatever is done to a chain, the walk names the first entry that cannot be trusted`() {
        var random = SeededRandom()
        for _ in 0..<400 {
            var records = Self.records(Int64(random.next() % 20) + 3)
            let whole = records
            let place = Int(random.next() % UInt64(records.count))
            let victim = records[place]
            let expected: Int64
            switch random.next() % 6 {
            case 0:  // Changed content.
                records[place] = Self.changed(victim, entry: Self.entry(victim.number, name: "evil"))
                expected = victim.number
            case 1:  // Changed content and its hash with it.
                let entry = Self.entry(victim.number, name: "evil")
                records[place] = Self.changed(victim, entry: entry, content: Self.chain.content(of: entry))
                expected = victim.number
            case 2:  // Another time.
                records[place] = Self.changed(victim, recordedAt: victim.recordedAt + .seconds(1))
                expected = victim.number
            case 3:  // Removed in between or at an end.
                records.remove(at: place)
                expected = place == 0 ? 1 : victim.number
            case 4 where place + 1 < records.count:  // Two have changed places, numbers and all.
                let other = records[place + 1]
                records[place] = Self.changed(other, number: victim.number, recordedAt: victim.recordedAt)
                records[place + 1] = Self.changed(victim, number: other.number, recordedAt: other.recordedAt)
                expected = victim.number
            default:  // One more, with the number of one that is there.
                records.insert(victim, at: place)
                expected = victim.number
            }
            let flaw = Self.flaw(records, head: Self.head(whole))
            #expect(flaw?.number == expected, "\(flaw?.description ?? "no flaw") at \(place) of \(whole.count)")
        }
    }

    @Test func `the last entries removed with the head set back are told by a checkpoint alone`() {
        let all = Self.records(10)
        let left = Array(all[..<7])
        #expect(Self.flaw(left, head: Self.head(all)) == .endMissing(last: 7, head: 10))
        #expect(Self.flaw(left) == nil)
        #expect(
            Self.flaw(left, checkpoints: [Self.checkpoint(all[3]), Self.checkpoint(all[8])])
                == .checkpointBeyondEnd(number: 9, last: 7)
        )
        #expect(Self.flaw([], head: .empty, checkpoints: [Self.checkpoint(all[0])])?.number == 1)
    }

    @Test func `a chain made anew from some entry on contradicts the checkpoint behind it`() {
        let all = Self.records(10)
        var forged = Array(all[..<4])
        for number in 5...10 as ClosedRange<Int64> {
            let entry = Self.entry(number, name: "evil")
            let content = Self.chain.content(of: entry)
            let recordedAt = Self.begin + .seconds(number)
            let hash = Self.chain.link(
                previous: Self.head(forged).hash,
                number: number,
                recordedAt: recordedAt,
                content: content
            )
            forged.append(
                AuditRecord(
                    entry: entry,
                    number: number,
                    recordedAt: recordedAt,
                    contentHash: content,
                    hash: hash
                )
            )
        }
        #expect(Self.flaw(forged) == nil)
        #expect(Self.flaw(forged, checkpoints: [Self.checkpoint(all[7])]) == .checkpointContradicts(number: 8))
        #expect(Self.flaw(all, head: Self.head(forged)) == .headDiffers(number: 10))
        #expect(Self.flaw(Array(all[2...]), head: Self.head(all)) == .beginningMissing(first: 3))
    }

    @Test func `every field of an entry is in its hash`() {
        let base = Self.entry(1)
        func varied(
            tenant: TenantID? = nil,
            id: AuditEntryID? = nil,
            origin: AuditOrigin? = nil,
            action: AuditAction? = nil,
            resource: AuditResource? = nil,
            outcome: AuditOutcome? = nil,
            reason: String? = nil,
            old: AuditValue?? = nil,
            new: AuditValue?? = nil,
            time: Timestamp? = nil,
            nanosecond: Int? = nil
        ) -> AuditEntry {
            AuditEntry(
                stored: id ?? base.id,
                tenantID: tenant ?? base.tenantID,
                origin: origin ?? base.origin,
                action: action ?? base.action,
                resource: resource ?? base.resource,
                outcome: outcome ?? base.outcome,
                reason: reason,
                old: old ?? base.old,
                new: new ?? base.new,
                time: time ?? base.time,
                nanosecond: nanosecond ?? base.nanosecond
            )
        }
        func from(_ change: (inout AuditOrigin) -> Void) -> AuditEntry {
            var origin = base.origin
            change(&origin)
            return varied(origin: origin)
        }
        let others = [
            varied(tenant: TenantID(.zero)), varied(id: AuditEntryID(.zero)), varied(action: .delete),
            varied(resource: AuditResource("plan", 1)), varied(resource: AuditResource("customer", 2)),
            varied(resource: AuditResource("customer")), varied(outcome: .failed), varied(reason: ""),
            varied(reason: "why"), varied(old: .some(nil)), varied(new: .some(.null)),
            varied(new: .some(["name": "y"])),
            varied(time: base.time + .microseconds(1)), varied(nanosecond: 1),
            from { $0.actor = .user(UUID128(high: 0, low: 1)) }, from { $0.actor = .anonymous },
            from { $0.impersonator = .zero }, from { $0.address = IPAddress(ipv4: 1) }, from { $0.userAgent = "" },
            from { $0.requestID = nil }, from { ($0.userAgent, $0.requestID) = ($0.requestID, $0.userAgent) },
        ]
        let hashes = Set(([base] + others).map(Self.chain.content(of:)))
        #expect(hashes.count == others.count + 1)
    }

    private static func changed(
        _ record: AuditRecord,
        entry: AuditEntry? = nil,
        number: Int64? = nil,
        recordedAt: Timestamp? = nil,
        content: [UInt8]? = nil
    ) -> AuditRecord {
        AuditRecord(
            entry: entry ?? record.entry,
            number: number ?? record.number,
            recordedAt: recordedAt ?? record.recordedAt,
            contentHash: content ?? record.contentHash,
            hash: record.hash
        )
    }
}
