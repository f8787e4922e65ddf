import Crypto
import Domain
import Events
import RADIUS
import SharedTesting
import Testing

@testable import RadiusServer

/// A stretch of the journal as messages, and those as the consumer reads them.
@Suite struct JournalMessageTests {
    private func packet(_ attributes: [Attribute]) throws -> [UInt8] {
        let all = [Attribute(AttributeType.acctStatusType, 3)] + attributes
        let packet = Packet(.accountingRequest, identifier: 1, attributes: all)
        return try #require(packet.encodedRequest(secret: .init(Array(SampleDirectory.secret.utf8))))
    }

    /// A journal of these packets, numbered from 1, all of one NAS unless another is given.
    private func journal(_ packets: [[UInt8]], nases: [UUID128] = []) -> [UInt8] {
        var octets: [UInt8] = []
        for (index, packet) in packets.enumerated() {
            let record = JournalRecord(
                sequence: 0,
                receivedAt: 1_795_000_000_000_000 + Int64(index),
                eventID: UUID128(high: 1, low: UInt64(index) + 1),
                tenantID: SampleDirectory.tenant,
                nasID: nases.isEmpty ? SampleDirectory.nas : nases[index],
                sourceHigh: 0,
                sourceLow: 0xffff_7f00_0001,
                sourcePort: 1,
                flags: 0
            )
            var place = [UInt8](repeating: 0, count: JournalRecord.footprint(packet: packet.count))
            unsafe place.withUnsafeMutableBytes { place in
                guard let base = place.baseAddress else { return }
                unsafe packet.withUnsafeBytes { unsafe record.write(packet: $0, to: base) }
                unsafe JournalRecord.seal(base, sequence: UInt64(index), segment: 7)
            }
            octets += place
        }
        return octets
    }

    /// What is published for a journal.
    private func messages(_ journal: [UInt8]) throws -> [(id: String, message: AccountingRecorded)] {
        let encoder = AccountingEncoder(
            directory: DirectoryStore(SampleDirectory.make()),
            source: "/radius-server/test"
        )
        return try unsafe journal.withUnsafeBytes { octets in
            let round = unsafe JournalRound(octets, segment: 7)
            #expect(round.length == octets.count)
            return try round.messages.map { packets in
                let message = encoder.encode(packets)
                return (message.id, try AccountingRecorded(decoding: message.payload))
            }
        }
    }

    private func numbers(_ message: AccountingRecorded) -> [UInt64] { message.records.map(\.id.value.low) }

    @Test("A NAS's packets share messages of up to 64, named by their first and last record", .proves("MSG-06"))
    func shared() throws {
        let packets = try (1...150).map { try packet([Attribute(AttributeType.userName, text: "user\($0)")]) }
        let messages = try messages(journal(packets))
        #expect(messages.map { numbers($0.message) } == [Array(1...64), Array(65...128), Array(129...150)])
        #expect(messages.map(\.id) == messages.map(\.message.id.description))
        let names = messages.map { "\($0.message.records[0].id).\($0.message.records.last?.id ?? EventID(.zero))" }
        #expect(messages.map(\.id) == names)
        #expect(messages.flatMap(\.message.records).map(\.username) == (1...150).map { "user\($0)" })
        #expect(messages.flatMap(\.message.records).allSatisfy { $0.nasName == "bras-1" })
    }

    @Test("Packets that name their NAS otherwise stand in messages of their own")
    func cut() throws {
        let a = [Attribute(AttributeType.nasIdentifier, text: "a"), Attribute(AttributeType.nasIPAddress, 1)]
        let b = [Attribute(AttributeType.nasIdentifier, text: "b"), Attribute(AttributeType.nasIPAddress, 1)]
        let c = [Attribute(AttributeType.nasIdentifier, text: "a"), Attribute(AttributeType.nasIPAddress, 2)]
        // An empty name, or an address that is none, is not the same as none at all.
        let d = [Attribute(AttributeType.nasIdentifier, []), Attribute(AttributeType.nasIPAddress, [1, 2])]
        let packets = try [a, b, [], a, c, b, [], a, d, d].map { try packet($0) }
        let messages = try messages(journal(packets)).map(\.message)
        #expect(messages.map(numbers) == [[1, 4, 8], [2, 6], [3, 7], [5], [9, 10]])
        #expect(messages.map { $0.records[0].nasIdentifier } == ["a", "b", nil, "a", ""])
        #expect(messages.map { $0.records[0].nasIPAddress } == ["0.0.0.1", "0.0.0.1", nil, "0.0.0.2", nil])
        for message in messages {
            #expect(message.records.allSatisfy { $0.nasIdentifier == message.records[0].nasIdentifier })
            #expect(message.records.allSatisfy { $0.nasIPAddress == message.records[0].nasIPAddress })
        }
    }

    @Test("Two NASes never share a message, and cutting elsewhere gives other ids")
    func nases() throws {
        let other = UUID128(high: 9, low: 9)
        let packets = try (0..<6).map { _ in try packet([]) }
        let nases = (0..<6).map { $0 % 2 == 0 ? SampleDirectory.nas : other }
        let octets = journal(packets, nases: nases)
        let whole = try messages(octets)
        #expect(whole.map { numbers($0.message) } == [[1, 3, 5], [2, 4, 6]])
        let shorter = try messages(Array(octets.prefix(octets.count / 6 * 4)))
        #expect(shorter.map { numbers($0.message) } == [[1, 3], [2, 4]])
        #expect(Set(whole.map(\.id)).isDisjoint(with: shorter.map(\.id)))
        // The same stretch again is the same content under the same ids.
        #expect(try messages(octets).map(\.message) == whole.map(\.message))
    }

    @Test("Odd packets are grouped without leaving their octets")
    func odd() throws {
        var random = SeededRandom("octets that are no packet")
        let types = [AttributeType.nasIdentifier, AttributeType.nasIPAddress, AttributeType.userName]
        var packets = (0..<200).map { _ in random.bytes(Int.random(in: 0...64, using: &random)) }
        // And packets that are, with any of these attributes any number of times, of any few octets.
        for _ in 0..<400 {
            let attributes = (0..<Int.random(in: 0...4, using: &random)).map { _ in
                let value = (0..<Int.random(in: 0...5, using: &random)).map { _ in
                    [0, 0x61, 0xff].randomElement(using: &random) ?? UInt8(0)
                }
                return Attribute(types.randomElement(using: &random) ?? 1, value)
            }
            packets.append(try packet(attributes))
        }
        #expect(try messages(journal(packets)).flatMap { numbers($0.message) }.sorted() == Array(1...600))
    }
}
