import Domain
import Profiles
import RADIUS
import Synchronization

/// Puts extra attributes into an Access-Accept, and takes attributes out of it, in their order: the plan's, the NAS's, the
/// service's. An attribute that the reply has no room for is left out; the login goes on. Nothing is allocated.
struct ReplyExtras {
    /// What is kept free for all that the server appends itself: addresses, name servers, Class, keys.
    private static let reserve = 1024

    /// Where the plan's attributes begin; what stands before them is out of reach.
    private let start: Int
    /// Octets to leave free.
    private let spare: Int
    private let vendor: NASVendor

    init(from start: Int, view: PacketView, vendor: NASVendor) {
        self.start = start
        self.vendor = vendor
        spare = Self.reserve + Self.proxyState(view)
    }

    /// Appends a plan's attributes. Returns how many of its extra ones were left out.
    func append(_ template: ReplyTemplate?, to reply: inout ReplyWriter) -> Int {
        guard let template else { return 0 }
        reply.appendRaw(template.own)
        guard !template.extras.isEmpty else { return 0 }
        return unsafe template.extras.withUnsafeBytes { extras in unsafe append(extras, to: &reply) }
    }

    /// Does what the operations say. Returns how many attributes were left out.
    func apply(_ operations: [ReplyOperation], to reply: inout ReplyWriter) -> Int {
        var leftOut = 0
        for operation in operations where operation.concerns(vendor) {
            switch operation.action {
            case .remove: reply.remove(from: start, matching: operation.pattern, equalTo: operation.octets)
            case .set: reply.remove(from: start, matching: operation.pattern)
            case .add: break
            }
            if operation.action != .remove {
                leftOut += unsafe operation.octets.withUnsafeBytes { unsafe append($0, to: &reply) }
            }
        }
        return leftOut
    }

    /// Appends one attribute after the other, as long as they fit.
    private func append(_ attributes: UnsafeRawBufferPointer, to reply: inout ReplyWriter) -> Int {
        if attributes.count <= reply.room - spare {
            unsafe reply.appendRaw(attributes)
            return 0
        }
        var (at, leftOut) = (0, 0)
        while at < attributes.count {
            let length = unsafe Int(attributes[at + 1])
            if length <= reply.room - spare {
                unsafe reply.appendRaw(UnsafeRawBufferPointer(rebasing: attributes[at..<at + length]))
            } else {
                leftOut += 1
            }
            at += length
        }
        return leftOut
    }

    /// Octets of the request's Proxy-State attributes, all of which go into the reply.
    private static func proxyState(_ view: PacketView) -> Int {
        guard view.proxyStateCount > 0 else { return 0 }
        let attributes = unsafe view.attributeBytes
        var (at, octets) = (0, 0)
        while at < attributes.count {
            let length = unsafe Int(attributes[at + 1])
            if unsafe attributes[at] == AttributeType.proxyState { octets += length }
            at += length
        }
        return octets
    }
}

/// Attributes that replies had no room for, by NAS, told a few times a minute: a flood costs one entry.
final class ReplyOverflows: Sendable {
    struct Note: Sendable {
        let nasName: String
        var attributes: Int
    }

    private let notes = Mutex<[UUID128: Note]>([:])
    private static let limit = 256

    func note(_ attributes: Int, nas: NASEntry) {
        notes.withLock { notes in
            if notes[nas.id] != nil {
                notes[nas.id]?.attributes += attributes
            } else if notes.count < Self.limit {
                notes[nas.id] = Note(nasName: nas.name, attributes: attributes)
            }
        }
    }

    /// What was noted since the last call.
    func drain() -> [Note] {
        notes.withLock { notes in
            defer { notes.removeAll(keepingCapacity: true) }
            return Array(notes.values)
        }
    }
}
