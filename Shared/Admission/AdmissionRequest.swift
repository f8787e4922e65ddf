package import Domain
internal import WireFormat

/// What tells the devices of one service apart: a hash of Calling-Station-Id, or of NAS and port where none was sent.
package struct DeviceKey: Hashable, Sendable {
    package let value: UInt64

    package init(_ value: UInt64) { self.value = value }

    /// Of the octets as the NAS sent them, with separators and case of a hardware address left out, so that a device keeps
    /// its key on equipment of another make. FNV-1a.
    package init(callingStation octets: UnsafeRawBufferPointer) {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for index in octets.indices {
            var octet = unsafe octets[index]
            if octet == 0x2d || octet == 0x3a || octet == 0x2e { continue }
            if octet >= 0x41 && octet <= 0x5a { octet |= 0x20 }
            hash = (hash ^ UInt64(octet)) &* 0x100_0000_01b3
        }
        value = hash
    }

    /// For a NAS that names no caller.
    package init(nas: UUID128, port: UInt32) {
        var hash = nas.high ^ nas.low &* 0x9e37_79b9_7f4a_7c15 ^ UInt64(port)
        hash = (hash ^ hash >> 32) &* 0xd6e8_feb8_6659_fd93
        value = hash ^ hash >> 32
    }
}

/// A pool as a batch names it.
package struct PoolTerms: Hashable, Sendable {
    package let id: PoolID
    package let stickySeconds: UInt32
    package let blocks: UInt32

    package init(_ pool: AddressPool) {
        id = pool.id
        stickySeconds = pool.stickySeconds
        blocks = pool.blockCount
    }
}

/// A login that passed every rule and now wants one of its service's session slots, and addresses.
package struct AdmissionRequest: Sendable {
    package var service: UUID128
    package var device: DeviceKey
    package var nas: UUID128
    package var admission: UUID128
    /// Sessions the service may have at once.
    package var limit: UInt8
    /// At the limit the oldest session is told to leave; else the new one is refused (SES-06).
    package var replacesOldest: Bool
    /// The first device to log in is the only one that may (SES-01); needs `hardwareAddress`.
    package var bindsDevice: Bool
    /// How often the binding was reset: an older binding counts no more.
    package var bindingGeneration: UInt32
    /// 48 bits; 0 when the NAS sent none.
    package var hardwareAddress: UInt64
    /// A session that is not heard of for so long counts no more.
    package var leaseSeconds: UInt32
    /// In the order of ``AddressPool/Use``; nil wants none.
    package var pools: InlineArray<3, PoolTerms?>

    package init(service: UUID128, device: DeviceKey, nas: UUID128, admission: UUID128) {
        self.service = service
        self.device = device
        self.nas = nas
        self.admission = admission
        limit = 1
        replacesOldest = true
        bindsDevice = false
        bindingGeneration = 0
        hardwareAddress = 0
        leaseSeconds = 900
        pools = [nil, nil, nil]
    }
}

/// Requests that travel as one call of a script. Reused from batch to batch, so that nothing is allocated in the long run.
package struct AdmissionBatch: Sendable {
    static let requestSize = 75
    private(set) var requests: [UInt8] = []
    private(set) var terms: [UInt8] = []
    private var pools: [PoolTerms] = []

    package init() {}

    package var count: Int { requests.count / Self.requestSize }
    package var isEmpty: Bool { requests.isEmpty }

    package mutating func removeAll() {
        requests.removeAll(keepingCapacity: true)
        terms.removeAll(keepingCapacity: true)
        pools.removeAll(keepingCapacity: true)
    }

    /// At most 255 pools stand in a batch; a request for one more is put into the next.
    package mutating func append(_ request: AdmissionRequest) -> Bool {
        var numbers: InlineArray<3, UInt8> = [0, 0, 0]
        for use in 0..<3 {
            guard let terms = request.pools[use] else { continue }
            guard let number = number(of: terms) else { return false }
            numbers[use] = number
        }
        requests.append(request.service)
        requests.appendBigEndian(request.device.value)
        requests.append(request.nas)
        requests.append(request.admission)
        requests.append(request.limit)
        requests.append((request.replacesOldest ? 1 : 0) | (request.bindsDevice ? 2 : 0))
        requests.appendBigEndian(request.bindingGeneration)
        requests.appendSixOctets(request.hardwareAddress)
        requests.appendBigEndian(request.leaseSeconds)
        for use in 0..<3 { requests.append(numbers[use]) }
        return true
    }

    private mutating func number(of wanted: PoolTerms) -> UInt8? {
        for (index, known) in pools.enumerated() where known.id == wanted.id { return UInt8(index + 1) }
        guard pools.count < 255 else { return nil }
        pools.append(wanted)
        terms.append(wanted.id.value)
        terms.appendBigEndian(wanted.stickySeconds)
        terms.appendBigEndian(wanted.blocks)
        return UInt8(pools.count)
    }
}

extension [UInt8] {
    mutating func append(_ id: UUID128) {
        appendBigEndian(id.high)
        appendBigEndian(id.low)
    }

    /// The number in decimal digits, and a space.
    mutating func appendWord(_ value: UInt64) {
        let start = count
        var rest = value
        repeat {
            append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        self[start...].reverse()
        append(UInt8(ascii: " "))
    }

    mutating func appendSixOctets(_ value: UInt64) {
        appendBigEndian(UInt16(truncatingIfNeeded: value >> 32))
        appendBigEndian(UInt32(truncatingIfNeeded: value))
    }
}
