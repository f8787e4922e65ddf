import Admission
import CPlatform
import Domain
import RADIUS

/// A login that passed every rule and waits for Redis: its request, and its answer as far as it is written. Reused.
/// Confined to one thread.
@safe final class ParkedLogin {
    private static let longest = PacketView.maximumLength
    private let octets: UnsafeMutableRawBufferPointer
    private(set) var requestLength = 0
    /// Octets of the answer that stand; its addresses and what follows are missing.
    var replyLength = 0
    /// Who asked.
    var asker = RejectWheel.Waiting(
        slot: DuplicateCache.Slot(index: 0, generation: 0),
        destination: cp_endpoint(),
        local: cp_local()
    )
    var nas: NASEntry?
    var request = AdmissionRequest(service: .zero, device: DeviceKey(0), nas: .zero, admission: .zero)
    var pools: [AddressPool?] = [nil, nil, nil]
    var tenant: UUID128 = .zero
    /// What it was accepted as; its keys stand in the answer already.
    var acceptance = Acceptance(admission: .zero, method: .unsupported)
    var receivedAt: UInt64 = 0
    var wallTime: Int64 = 0
    /// How often Redis was asked.
    var attempts = 0

    init() { unsafe octets = .allocate(byteCount: 2 * Self.longest, alignment: 16) }

    deinit { unsafe octets.deallocate() }

    /// Keeps the request's octets.
    func keep(_ bytes: UnsafeRawBufferPointer) {
        requestLength = min(bytes.count, Self.longest)
        unsafe octets.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<requestLength]))
    }

    /// The request, which was validated when it came.
    var requestOctets: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(rebasing: octets[..<requestLength]) }

    /// Room for the answer.
    var reply: UnsafeMutableRawBufferPointer { unsafe UnsafeMutableRawBufferPointer(rebasing: octets[Self.longest...]) }

    /// The units at these offsets of its pools.
    func units(_ offsets: [UInt64?]) -> [(use: AddressPool.Use, unit: IPPrefix)] {
        AddressPool.Use.allCases.compactMap { use in
            guard let pool = pools[Int(use.rawValue)], let offset = offsets[Int(use.rawValue)] else { return nil }
            return (use, pool.unit(offset))
        }
    }
}
