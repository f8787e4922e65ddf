import Domain
import SharedTesting
import Sockets
import Testing

@testable import RadiusServer

@Suite struct DirectoryTests {
    private func source(_ a: UInt64, _ b: UInt64, _ c: UInt64, _ d: UInt64) -> SourceAddress {
        SourceAddress(high: 0, low: 0xffff_0000_0000 | a << 24 | b << 16 | c << 8 | d, port: 1)
    }

    private func nas(_ number: UInt64, _ octets: [UInt8], _ length: UInt8, identifier: String? = nil) throws -> NASRow {
        var row = SampleDirectory.nas(true, 50, "secret-\(number)")
        row.id = UUID128(high: 9, low: number)
        row.name = "nas-\(number)"
        row.range = try #require(AddressRange(octets: octets, length: length))
        row.identifier = identifier
        row.version = Int64(100 + number)
        return row
    }

    @Test("The longest range wins; an unknown source has no candidate", .proves("RAD-02"))
    func longestRange() throws {
        let directory = Directory(expectedServices: 1)
        directory.apply(try nas(1, [10, 0, 0, 0], 8), now: 0)
        directory.apply(try nas(2, [10, 1, 0, 0], 16), now: 0)
        directory.apply(try nas(3, [10, 1, 2, 3], 32), now: 0)
        #expect(directory.candidates(for: source(10, 1, 2, 3)).map(\.name) == ["nas-3"])
        #expect(directory.candidates(for: source(10, 1, 9, 9)).map(\.name) == ["nas-2"])
        #expect(directory.candidates(for: source(10, 200, 0, 1)).map(\.name) == ["nas-1"])
        #expect(directory.candidates(for: source(11, 0, 0, 1)).isEmpty)
    }

    @Test("NASes behind one address are told apart by identifier, those that name one first")
    func overlapping() throws {
        let directory = Directory(expectedServices: 1)
        directory.apply(try nas(1, [192, 0, 2, 1], 32), now: 0)
        directory.apply(try nas(2, [192, 0, 2, 1], 32, identifier: "bras-2"), now: 0)
        #expect(directory.candidates(for: source(192, 0, 2, 1)).map(\.name) == ["nas-2", "nas-1"])
    }

    @Test("A NAS that moved, was switched off or removed is found no more at its old place", .proves("RAD-07"))
    func changes() throws {
        let directory = Directory(expectedServices: 1)
        directory.apply(try nas(1, [192, 0, 2, 1], 32), now: 0)
        var moved = try nas(1, [192, 0, 2, 2], 32)
        moved.version = 200
        directory.apply(moved, now: 0)
        #expect(directory.candidates(for: source(192, 0, 2, 1)).isEmpty)
        #expect(directory.candidates(for: source(192, 0, 2, 2)).count == 1)
        moved.isActive = false
        moved.version = 201
        directory.apply(moved, now: 0)
        #expect(directory.candidates(for: source(192, 0, 2, 2)).isEmpty)
        directory.removeNAS(moved.id)
        #expect(directory.checksum.nases == DirectoryChecksum.Table())
    }

    @Test("The checksum is that of the rows applied, in any order and however often", .proves("RAD-23"))
    func checksum() {
        var random = SeededRandom()
        for _ in 0..<100 {
            let directory = Directory(expectedServices: 8)
            var rows: [UInt64: Int64] = [:]
            for version in Int64(1)...200 {
                let number = UInt64.random(in: 0..<30, using: &random)
                if UInt8.random(in: 0..<5, using: &random) == 0 {
                    directory.removeService(UUID128(high: 4, low: number))
                    rows[number] = nil
                } else {
                    var row = SampleDirectory.service(number, "user\(number)", "pw")
                    row.version = version
                    directory.apply(row)
                    rows[number] = version
                }
            }
            #expect(directory.checksum.services == .init(count: rows.count, sum: rows.values.reduce(0, +)))
        }
    }

    @Test("A plan's reply is encoded once per vendor", .proves("RAD-10", "RAD-11", "RAD-12", "PLN-04"))
    func templates() {
        let row = PlanRow(
            id: UUID128(high: 1, low: 1),
            tenantID: UUID128(high: 1, low: 2),
            downloadBPS: 50_000_000,
            uploadBPS: 10_000_000,
            idleTimeout: 600,
            interimInterval: 300,
            burst: PlanBurst(
                downloadBPS: 80_000_000,
                uploadBPS: 20_000_000,
                thresholdDownloadBPS: 40_000_000,
                thresholdUploadBPS: 8_000_000,
                seconds: 16
            ),
            priority: 5,
            addressPool: "home",
            dnsServers: [0x0101_0101, 0x0808_0808],
            addressList: "active",
            version: 1
        )
        let mikrotik = String(decoding: ReplyTemplate(row, speed: row.speed, for: .mikrotik).own, as: UTF8.self)
        #expect(mikrotik.contains("10M/50M 20M/80M 8M/40M 16/16 5"))
        // The pool's name depends on the NAS and on whether it is one of ours.
        #expect(mikrotik.contains("active") && !mikrotik.contains("home"))
        let generic = ReplyTemplate(row, speed: row.speed, for: .generic).own
        // WISPr-Bandwidth-Max-Down (14122/8), 50 Mbit/s.
        let down: [UInt8] = [0x1a, 0x0c, 0x00, 0x00, 0x37, 0x2a, 0x08, 0x06, 0x02, 0xfa, 0xf0, 0x80]
        #expect(generic.indices.contains { generic[$0...].starts(with: down) })
    }
}

@Suite struct AddressTextTests {
    private func prefix(_ value: [UInt8]) -> String? { unsafe value.withUnsafeBytes { unsafe AddressText.prefix($0) } }

    @Test("IPv6 prefixes may be short or whole; bits beyond the length are cleared", .proves("RAD-12"))
    func prefixes() {
        #expect(prefix([0, 64, 0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 0]) == "2001:db8:1:0:0:0:0:0/64")
        #expect(
            prefix([0, 56, 0x20, 0x01, 0x0d, 0xb8, 1, 0, 0, 0xff] + [UInt8](repeating: 0xff, count: 8))
                == "2001:db8:100:0:0:0:0:0/56"
        )
        #expect(prefix([0, 0]) == "0:0:0:0:0:0:0:0/0")
        #expect(prefix([0, 64, 0x20]) == nil)
        #expect(prefix([0, 129] + [UInt8](repeating: 0, count: 16)) == nil)
        #expect(prefix([0]) == nil)
    }
}
