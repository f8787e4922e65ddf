/// The 256 identifiers of one socket towards one NAS. An identifier that is out is not given again, and one that came back
/// is the last to go out again, so that a late answer meets no other request.
package struct IdentifierPool: Sendable {
    private var ring = [UInt8](0...255)
    private var head = 0
    /// How many are left.
    package private(set) var count = 256
    private var isOut = [Bool](repeating: false, count: 256)

    /// All of them, the lowest first.
    package init() {}

    /// One that is not out; nil where all are.
    package mutating func take() -> UInt8? {
        guard count > 0 else { return nil }
        let identifier = ring[head]
        head = (head + 1) % 256
        count -= 1
        isOut[Int(identifier)] = true
        return identifier
    }

    /// It came back. One that is not out is passed over.
    package mutating func putBack(_ identifier: UInt8) {
        guard isOut[Int(identifier)] else { return }
        isOut[Int(identifier)] = false
        ring[(head + count) % 256] = identifier
        count += 1
    }
}
