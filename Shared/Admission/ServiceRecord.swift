package import Domain
internal import WireFormat

/// What Redis has of a service: the device it is bound to, and its sessions.
package struct ServiceRecord: Sendable, Equatable {
    package struct Slot: Sendable, Equatable {
        package enum State: UInt8, Sendable {
            case pending = 1
            case active = 2
            /// Told to leave.
            case leaving = 3
            /// Over, and only remembered for its units.
            case released = 4
        }

        package let state: State
        package let device: DeviceKey
        package let admission: UUID128
        package let nas: UUID128
        package let since: Timestamp
        /// Until when it counts without being heard of.
        package let until: Timestamp
        /// In the order of ``AddressPool/Use``.
        package let units: [AllocationLedger.Unit?]
        /// The same device's admission before, which its NAS may have taken instead; zero for none.
        package var alternative: UUID128 = .zero

        /// Whether it was made by that admission, or by the one before.
        package func isNamed(_ admission: UUID128?) -> Bool {
            guard let admission, admission != .zero else { return false }
            return admission == self.admission || admission == alternative
        }
    }

    package let service: UUID128
    package let bindingGeneration: UInt32
    /// 48 bits; 0 when it is bound to none.
    package let boundMAC: UInt64
    package let slots: [Slot]

    /// Reads a record as the scripts write it; nil for anything else.
    package init?(service: UUID128, octets: [UInt8]) {
        var reader = OctetReader(octets)
        guard let generation = reader.number(4), let mac = reader.number(6) else { return nil }
        var slots: [Slot] = []
        while !reader.isAtEnd {
            guard let state = reader.number(1).flatMap({ Slot.State(rawValue: UInt8($0)) }),
                let device = reader.number(8),
                let admission = reader.id(), let nas = reader.id(), let since = reader.number(6),
                let until = reader.number(6)
            else { return nil }
            var units: [AllocationLedger.Unit?] = []
            for _ in 0..<3 {
                guard let pool = reader.id(), let offset = reader.number(6), reader.number(4) != nil else { return nil }
                units.append(offset == 0 ? nil : AllocationLedger.Unit(pool: PoolID(pool), offset: offset - 1))
            }
            guard let alternative = reader.id() else { return nil }
            slots.append(
                Slot(
                    state: state,
                    device: DeviceKey(device),
                    admission: admission,
                    nas: nas,
                    since: Timestamp(microseconds: Int64(since) * 1_000),
                    until: Timestamp(microseconds: Int64(until) * 1_000),
                    units: units,
                    alternative: alternative
                )
            )
        }
        self.service = service
        bindingGeneration = UInt32(generation)
        boundMAC = mac
        self.slots = slots
    }
}

extension AllocationEntry {
    /// Reads an entry of the log as the scripts write it; nil for anything else.
    package init?(octets: [UInt8]) {
        var reader = OctetReader(octets)
        guard let kind = reader.number(1).flatMap({ Kind(rawValue: UInt8($0)) }), let time = reader.number(8),
            let service = reader.id(), let admission = reader.id(), let nas = reader.id(), let pool = reader.id(),
            let offset = reader.number(6), let hardwareAddress = reader.number(6), reader.isAtEnd
        else { return nil }
        self.init(
            kind,
            at: Timestamp(microseconds: Int64(clamping: time)),
            service: ServiceID(service),
            admission: admission == .zero ? nil : AdmissionID(admission),
            nas: nas == .zero ? nil : NASID(nas),
            pool: PoolID(pool),
            offset: offset,
            hardwareAddress: hardwareAddress
        )
    }
}

/// Reads numbers in network order, one after the other.
struct OctetReader {
    private let octets: [UInt8]
    private var position = 0

    init(_ octets: [UInt8]) { self.octets = octets }

    var isAtEnd: Bool { position == octets.count }

    mutating func number(_ size: Int) -> UInt64? {
        guard position + size <= octets.count else { return nil }
        defer { position += size }
        return octets[position..<position + size].reduce(0) { $0 << 8 | UInt64($1) }
    }

    mutating func id() -> UUID128? {
        guard let high = number(8), let low = number(8) else { return nil }
        return UUID128(high: high, low: low)
    }
}
