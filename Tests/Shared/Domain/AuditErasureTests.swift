import Domain
import SharedTesting
import Testing

/// Values leave entries, the chain stays, and nobody hides behind that.
@Suite(.proves("SEC-09", "AUD-15")) struct AuditErasureTests {
    /// Any function of all its octets will do: FNV-1a, four times with other beginnings.
    private static let chain = AuditChain { octets in
        (0..<4 as Range<UInt64>).flatMap { part -> [UInt8] in
            var hash: UInt64 = 0xcbf2_9ce4_8422_2325 &+ part
            for octet in octets { hash = (hash ^ UInt64(octet)) &* 0x100_0000_01b3 }
            return UUID128(high: hash, low: 0).bytes.prefix(8).map { $0 }
        }
    }
    private static let tenant = TenantID(UUID128(high: 1, low: 2))
    private static let begin = Timestamp(secondsSince1970: 1_790_000_000)

    private static func entry(_ number: Int64, _ action: AuditAction = .update, new: AuditValue? = nil) -> AuditEntry {
        AuditEntry(
            id: AuditEntryID(UUID128(high: 7, low: UInt64(number))),
            tenantID: tenant,
            origin: .system(requestID: "r\(number)"),
            action: action,
            resource: AuditResource("customer", 4),
            change: .created(new ?? ["name": .text("Ann \(number)"), "status": "active"]),
            time: begin + .seconds(number)
        )
    }

    /// A chain of entries as they were written, of which those in `erased` are what is left of them.
    private static func records(_ entries: [AuditEntry], erased: Set<Int64> = []) -> [AuditRecord] {
        var head = AuditHead.empty
        return entries.map { entry in
            let (number, recordedAt) = (head.number + 1, begin + .seconds(head.number))
            let content = chain.content(of: entry)
            let hash = chain.link(previous: head.hash, number: number, recordedAt: recordedAt, content: content)
            head = AuditHead(number: number, hash: hash)
            let isErased = erased.contains(number)
            return AuditRecord(
                entry: isErased ? left(entry, number) : entry,
                number: number,
                recordedAt: recordedAt,
                contentHash: content,
                hash: hash,
                isErased: isErased
            )
        }
    }

    private static func left(_ entry: AuditEntry, _ number: Int64) -> AuditEntry {
        AuditErasure.redacted(entry, as: AuditEntryID(UUID128(high: 9, low: UInt64(number))))
    }

    private static func vouching(for numbers: Set<Int64>, of entries: [AuditEntry]) -> AuditValue {
        let hashes = numbers.map { ($0, chain.content(of: left(entries[Int($0) - 1], $0))) }
        return AuditErasure.vouching(for: Dictionary(hashes, uniquingKeysWith: { first, _ in first }))
    }

    private static func flaw(_ records: [AuditRecord], beginning: AuditHead = .empty) -> AuditFlaw? {
        var walk = AuditWalk(chain: chain, checkpoints: [], beginning: beginning)
        for record in records { walk.follow(record) }
        walk.finish(head: records.last.map { AuditHead(number: $0.number, hash: $0.hash) } ?? beginning)
        return walk.flaw
    }

    private static func changed(_ record: AuditRecord, _ entry: AuditEntry) -> AuditRecord {
        AuditRecord(
            entry: entry,
            number: record.number,
            recordedAt: record.recordedAt,
            contentHash: record.contentHash,
            hash: record.hash,
            isErased: true
        )
    }

    @Test func `an erased entry is believed where a later erasure vouches for what is left, and nowhere else`() {
        var random = SeededRandom()
        for _ in 0..<200 {
            let count = Int64(random.next() % 20) + 3
            var entries = (1...count).map { Self.entry($0) }
            var erased = Set((1...count).filter { _ in random.next() % 3 == 0 })
            erased.insert(Int64(random.next() % UInt64(count)) + 1)
            entries.append(Self.entry(count + 1, .erase, new: Self.vouching(for: erased, of: entries)))
            entries.append(Self.entry(count + 2))
            let records = Self.records(entries, erased: erased)
            #expect(Self.flaw(records) == nil)
            // With its beginning dropped, the erased entries of it too.
            let cut = Int(random.next() % UInt64(count)) + 1
            let dropped = AuditHead(number: records[cut - 1].number, hash: records[cut - 1].hash)
            #expect(Self.flaw(Array(records[cut...]), beginning: dropped) == nil)

            let victim = erased.sorted()[Int(random.next() % UInt64(erased.count))]
            var forged = records
            let stored = forged[Int(victim) - 1]
            switch random.next() % 3 {
            case 0: forged[Int(victim) - 1] = Self.changed(stored, Self.entry(victim, new: ["name": "evil"]))
            // Erased by hand a second time, under another id.
            case 1: forged[Int(victim) - 1] = Self.changed(stored, Self.left(stored.entry, victim + 99))
            // Another that nobody vouches for, or the vouched one's neighbour.
            default:
                let last = Int(count) + 1
                forged[last] = Self.changed(forged[last], forged[last].entry)
                #expect(Self.flaw(forged)?.number == count + 2)
                continue
            }
            #expect(Self.flaw(forged) == .contentChanged(number: victim))
        }
    }

    @Test func `an erasure that was erased itself, that is another action or that came before vouches for nothing`() {
        let first = Self.entry(1)
        let value = Self.vouching(for: [1], of: [first])
        #expect(Self.flaw(Self.records([first, Self.entry(2, .erase, new: value)], erased: [1])) == nil)
        #expect(Self.flaw(Self.records([first, Self.entry(2, new: value)], erased: [1])) == .contentChanged(number: 1))
        let both = Self.records([first, Self.entry(2, .erase, new: value)], erased: [1, 2])
        #expect(Self.flaw(both) == .contentChanged(number: 1))
        let early = [Self.entry(1, .erase, new: Self.vouching(for: [2], of: [first, Self.entry(2)])), Self.entry(2)]
        #expect(Self.flaw(Self.records(early, erased: [2])) == .contentChanged(number: 2))
        for broken: AuditValue in [["audit_entries": ["1": "zz"]], ["audit_entries": ["1": 7]], ["audit_entries": "1"]]
        {
            let records = Self.records([first, Self.entry(2, .erase, new: broken)], erased: [1])
            #expect(Self.flaw(records) == .contentChanged(number: 1))
        }
    }

    @Test func `what is left names nobody and says what was done to which thing, by whom and when`() {
        let actor = AuditOrigin(
            actor: .subscriber(UUID128(high: 3, low: 3)),
            address: IPAddress(ipv4: 0xcb00_7101),
            userAgent: "Ann's telephone",
            requestID: "r"
        )
        let entry = AuditEntry(
            id: AuditEntryID(UUID128(high: 7, low: 7)),
            tenantID: Self.tenant,
            origin: actor,
            action: .update,
            resource: AuditResource("customer", 4),
            outcome: .failed,
            reason: "Ann was away",
            change: .updated(
                ["name": "Ann", "status": "active", "tags": ["vip"], "place": ["street": "Elm 1", "status": 3]],
                ["name": "Anna", "status": "suspended", "tags": .null, "place": ["street": "Oak 2", "status": 4]]
            ),
            time: Self.begin
        )
        let left = AuditErasure.redacted(entry, as: AuditEntryID(UUID128(high: 8, low: 8)))
        #expect(left.id != entry.id && left.action == .update && left.outcome == .failed && left.time == entry.time)
        #expect(left.resource == entry.resource && left.origin.actor == actor.actor && left.origin.requestID == "r")
        #expect(left.origin.userAgent == nil && left.origin.address == IPAddress(ipv4: 0) && left.reason == "[erased]")
        let erased = AuditErasure.mark
        #expect(
            left.old == ["name": erased, "status": "active", "tags": erased, "place": ["street": erased, "status": 3]]
        )
        #expect(
            left.new == [
                "name": erased, "status": "suspended", "tags": .null, "place": ["street": erased, "status": 4],
            ]
        )
        #expect(AuditErasure.redacted(left, as: left.id) == left)
        // Of somebody else's act it stays from where that was.
        var staff = actor
        staff.actor = .user(UUID128(high: 1, low: 1))
        let by = AuditEntry(
            id: entry.id,
            tenantID: Self.tenant,
            origin: staff,
            action: .read,
            resource: entry.resource,
            time: Self.begin
        )
        #expect(AuditErasure.redacted(by, as: entry.id) == by)
        // His key's acts are his.
        var key = staff
        key.impersonator = UUID128(high: 3, low: 3)
        let his = AuditEntry(
            id: entry.id,
            tenantID: Self.tenant,
            origin: key,
            action: .read,
            resource: entry.resource,
            time: Self.begin
        )
        let without = AuditErasure.redacted(his, as: entry.id, actsOf: [UUID128(high: 3, low: 3)])
        #expect(without.origin.userAgent == nil && without.origin.address == IPAddress(ipv4: 0))
    }

    @Test func `a lot of entries is vouched for whole`() {
        let left = Dictionary(
            uniqueKeysWithValues: (0..<AuditErasure.most).map { place in
                (Int64.max - Int64(place), [UInt8](repeating: UInt8(truncatingIfNeeded: place), count: 32))
            }
        )
        let entry = Self.entry(1, .erase, new: AuditErasure.vouching(for: left))
        #expect(AuditErasure.vouched(by: entry) == left)
    }
}
