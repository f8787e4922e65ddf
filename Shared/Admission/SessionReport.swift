package import Domain
internal import WireFormat

/// What a NAS reported of a session, or was told of it, as far as its slot goes.
package struct SessionReport: Sendable {
    package enum Kind: UInt8, Sendable {
        case began = 1
        case isAlive = 2
        case ended = 3
        /// It must leave for another, as the grant that replaced it said already.
        case isLeaving = 4
    }

    package var kind: Kind
    package var service: UUID128
    package var device: DeviceKey
    /// From Class; zero where the NAS does not echo it: then the device tells the slot.
    package var admission: UUID128
    package var nas: UUID128
    package var leaseSeconds: UInt32
    /// Told before, to a Redis that may have lost it: it makes no session that is not known.
    package var isAgain = false

    package init(
        _ kind: Kind,
        service: UUID128,
        device: DeviceKey,
        admission: UUID128 = .zero,
        nas: UUID128,
        leaseSeconds: UInt32 = 900
    ) {
        self.kind = kind
        self.service = service
        self.device = device
        self.admission = admission
        self.nas = nas
        self.leaseSeconds = leaseSeconds
    }

    package func append(to octets: inout [UInt8]) {
        octets.append(kind.rawValue | (isAgain ? 0x80 : 0))
        octets.append(service)
        octets.appendBigEndian(device.value)
        octets.append(admission)
        octets.append(nas)
        octets.appendBigEndian(leaseSeconds)
    }
}

/// A grant that was made elsewhere and must stand in Redis as well.
package struct AdmissionClaim: Sendable {
    package enum State: UInt8, Sendable {
        case pending = 1
        case active = 2
        /// It was told to leave: it counts no more, and has its unit until it ends.
        case leaving = 3
        /// Only its unit is kept for the service, for ``AdmissionClaim/leaseSeconds`` from now on.
        case kept = 4
    }

    package var service: UUID128
    package var device: DeviceKey
    package var admission: UUID128
    package var nas: UUID128
    /// The unit; nil claims the session's slot alone.
    package var unit: (pool: PoolTerms, use: AddressPool.Use, offset: UInt64)?
    package var state = State.active
    /// Postgres has it: it is not logged to be written there.
    package var isStored = false
    package var since: Timestamp
    package var leaseSeconds: UInt32 = 900
    package var hardwareAddress: UInt64 = 0

    package init(service: UUID128, device: DeviceKey, admission: UUID128, nas: UUID128, since: Timestamp) {
        self.service = service
        self.device = device
        self.admission = admission
        self.nas = nas
        self.since = since
    }

    package func append(to octets: inout [UInt8]) {
        octets.append(service)
        octets.appendBigEndian(device.value)
        octets.append(admission)
        octets.append(nas)
        octets.append(unit?.pool.id.value ?? .zero)
        octets.appendSixOctets(unit?.offset ?? 0)
        octets.appendBigEndian(unit?.pool.stickySeconds ?? 0)
        octets.append((unit?.use.rawValue ?? 0) + 1)
        octets.append(state.rawValue | (isStored ? 0x80 : 0))
        octets.appendSixOctets(UInt64(clamping: since.microseconds / 1_000))
        octets.appendBigEndian(leaseSeconds)
        octets.appendSixOctets(hardwareAddress)
    }
}
