package import Domain

/// What became of one request of a batch.
package enum AdmissionResult: Sendable, Equatable {
    case admitted(Admitted)
    /// The service has as many sessions as it may, and the newcomer is to be refused.
    case limitReached
    /// The service is bound to another device.
    case deviceMismatch
    /// Every unit of the pool is out.
    case exhausted(AddressPool.Use)
    /// The pool's next block must be loaded first; ask again then.
    case blockWanted(AddressPool.Use, block: UInt32)
    /// The leases were not loaded from Postgres yet: no address may be given.
    case notReady

    package struct Admitted: Sendable, Equatable {
        /// The device had a session that was alive, which this one continues.
        package var isRepeat = false
        /// The service was bound to this device now.
        package var isNewlyBound = false
        /// The units given, in the order of ``AddressPool/Use``; nil where none was wanted.
        package var offsets: [UInt64?] = [nil, nil, nil]
        /// Sessions that must leave, and those told before that have not left: the network has to be told.
        package var replaced: [Replaced] = []
    }

    package struct Replaced: Sendable, Equatable {
        package let admission: UUID128
        package let nas: UUID128

        package init(admission: UUID128, nas: UUID128) {
            self.admission = admission
            self.nas = nas
        }
    }
}

/// Reads a batch's results in the order of its requests.
@safe package struct AdmissionResults {
    private let octets: UnsafeRawBufferPointer
    private var position = 0

    /// `octets` must outlive the reader.
    package init(_ octets: UnsafeRawBufferPointer) { unsafe self.octets = octets }

    /// Nil at the end, and when the text is not what the script writes.
    package mutating func next() -> AdmissionResult? {
        guard let status = octet() else { return nil }
        switch status {
        case 0: return admitted()
        case 1: return .limitReached
        case 2: return .deviceMismatch
        case 3, 4, 5:
            guard let use = octet().flatMap(AddressPool.Use.init), let block = number(4) else { return nil }
            return status == 3 ? .exhausted(use) : status == 4 ? .blockWanted(use, block: UInt32(block)) : .notReady
        default: return nil
        }
    }

    private mutating func admitted() -> AdmissionResult? {
        guard let flags = octet(), let first = number(6), let second = number(6), let third = number(6),
            let count = octet()
        else { return nil }
        var result = AdmissionResult.Admitted()
        result.isRepeat = flags & 1 != 0
        result.isNewlyBound = flags & 2 != 0
        result.offsets = [first, second, third].map { $0 == 0 ? nil : $0 - 1 }
        for _ in 0..<count {
            guard let admission = id(), let nas = id() else { return nil }
            result.replaced.append(AdmissionResult.Replaced(admission: admission, nas: nas))
        }
        return .admitted(result)
    }

    private mutating func octet() -> UInt8? { number(1).map { UInt8($0) } }

    private mutating func id() -> UUID128? {
        guard let high = number(8), let low = number(8) else { return nil }
        return UUID128(high: high, low: low)
    }

    private mutating func number(_ size: Int) -> UInt64? {
        guard unsafe position + size <= octets.count else { return nil }
        var value: UInt64 = 0
        for index in position..<position + size { value = unsafe value << 8 | UInt64(octets[index]) }
        position += size
        return value
    }
}
