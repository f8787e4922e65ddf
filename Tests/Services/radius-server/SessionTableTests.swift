import Admission
import Domain
import SharedTesting
import Testing

@testable import RadiusServer

@Suite struct SessionTableTests {
    private let service = UUID128(high: 1, low: 1)
    private let nas = UUID128(high: 2, low: 1)
    private func admission(_ number: UInt64) -> UUID128 { UUID128(high: 3, low: number) }

    private func entry(_ device: UInt64, _ number: UInt64, at now: UInt32) -> SessionTable.Entry {
        .init(
            device: DeviceKey(device),
            admission: admission(number),
            nas: nas,
            since: now,
            heardAt: now,
            toldAt: now,
            lease: 900
        )
    }

    @Test(.proves("SES-04", "SES-06")) func `without Redis this server's own view keeps the limit`() {
        let table = SessionTable()
        func verdict(_ device: UInt64, limit: Int = 1, replaces: Bool = true, now: UInt32) -> SessionTable.Verdict {
            table.verdict(service: service, device: DeviceKey(device), limit: limit, replaces: replaces, now: now)
        }
        #expect(verdict(1, now: 0) == .free)
        table.admit(service: service, entry(1, 1, at: 100), replacing: [])
        #expect(verdict(1, now: 101) == .free)
        #expect(verdict(2, replaces: false, now: 101) == .full)
        let oldest = AdmissionResult.Replaced(admission: admission(1), nas: nas)
        #expect(verdict(2, now: 101) == .replaces([oldest]))
        #expect(verdict(2, limit: 2, now: 101) == .free)
        table.admit(service: service, entry(2, 2, at: 102), replacing: [oldest])
        #expect(table.state(service: service, admission: admission(2)) == .pending)
        #expect(table.state(service: service, admission: admission(1)) == .leaving)
        #expect(verdict(3, limit: 2, now: 103) == .free)
        // Silence for longer than the lease: it counts no more.
        #expect(verdict(3, replaces: false, now: 1_003) == .free)
        #expect(table.count == 2)
    }

    @Test func `Redis is told of a beginning at once, of a living session now and then, of an end by its grant`() {
        let table = SessionTable()
        func hear(_ number: UInt64, began: Bool = false, now: UInt32) -> Bool {
            var heard = entry(1, number, at: now)
            if number == 0 { heard.admission = .zero }
            return table.hear(service: service, heard, began: began)
        }
        table.admit(service: service, entry(1, 1, at: 100), replacing: [])
        #expect(hear(1, began: true, now: 110))
        #expect(!hear(1, now: 300))
        #expect(hear(1, now: 336))
        #expect(!hear(0, now: 400))  // a NAS that does not echo Class
        #expect(!hear(1, now: 399))  // another thread's clock was read earlier
        table.end(service: service, device: DeviceKey(1), admission: admission(9))
        #expect(table.count == 1)
        table.end(service: service, device: DeviceKey(1), admission: .zero)
        #expect(table.count == 0)
        #expect(hear(1, now: 500))
        for part in 0..<64 { table.sweep(part: part, now: 500 + 1_801) }
        #expect(table.count == 0)
    }

    @Test func `the device that comes back has one session, whatever it was admitted as before`() {
        let table = SessionTable()
        for number in 1...5 { table.admit(service: service, entry(1, UInt64(number), at: 100), replacing: []) }
        #expect(table.count == 1)
        #expect(table.state(service: service, admission: admission(5)) == .pending)
        #expect(table.state(service: service, admission: admission(4)) == nil)
    }
}

@Suite struct GrantMemoryTests {
    private func grant(_ number: UInt64, at: UInt64, isOffline: Bool = false) -> GrantMemory.Grant {
        .init(
            claim: AdmissionClaim(
                service: UUID128(high: 1, low: number),
                device: DeviceKey(1),
                admission: UUID128(high: 3, low: number),
                nas: .zero,
                since: .epoch
            ),
            at: at,
            isOffline: isOffline
        )
    }

    @Test(.proves("IPAM-08")) func `what is recent or was never told is told again, the rest is not`() {
        var memory = GrantMemory(capacity: 4, memory: 100)
        memory.append(grant(1, at: 0))
        memory.append(grant(2, at: 0, isOffline: true))
        memory.append(grant(3, at: 50))
        #expect(memory.due(now: 120, onlyOffline: false) { _ in .pending }.map(\.service.low) == [3, 2])
        #expect(memory.due(now: 120, onlyOffline: true) { _ in .pending }.map(\.service.low) == [2])
        // Told is what was confirmed.
        memory.confirm(memory.due(now: 120, onlyOffline: true) { _ in .pending })
        #expect(memory.due(now: 120, onlyOffline: true) { _ in .pending }.isEmpty)
        #expect(memory.due(now: 120, onlyOffline: false) { $0.service.low != 3 ? .pending : nil }.isEmpty)
        for number in 4...9 { memory.append(grant(UInt64(number), at: 200)) }
        #expect(memory.due(now: 210, onlyOffline: false) { _ in .pending }.map(\.service.low) == [9, 8, 7, 6])
    }
}
