import Crypto

/// A tree of hashes over leaves in their order, as RFC 6962 §2.1 has it: leaves and nodes are hashed with different beginnings,
/// so that no node passes for a leaf, and a last one without a neighbour goes up as it is.
package struct MerkleTree: Sendable {
    /// From the leaves' hashes to the root.
    private let levels: [[[UInt8]]]

    /// The tree over leaves, of which there must be at least one.
    package init(_ leaves: [[UInt8]]) {
        precondition(!leaves.isEmpty, "a tree has leaves")
        var levels = [leaves.map(Self.leaf)]
        while let level = levels.last, level.count > 1 {
            levels.append(
                stride(from: 0, to: level.count, by: 2).map { index in
                    index + 1 < level.count ? Self.node(level[index], level[index + 1]) : level[index]
                }
            )
        }
        self.levels = levels
    }

    package var root: [UInt8] { levels[levels.count - 1][0] }

    /// The hashes beside the way from a leaf up to the root, the lowest first: with them and the leaf anyone gets the root.
    package func path(to index: Int) -> [[UInt8]] {
        precondition(levels[0].indices.contains(index), "no leaf \(index)")
        var place = index
        var path: [[UInt8]] = []
        for level in levels.dropLast() {
            let beside = place ^ 1
            if beside < level.count { path.append(level[beside]) }
            place /= 2
        }
        return path
    }

    /// The root that follows from a leaf, its place among `count` and its path; nil where the path has another length than such a
    /// place needs.
    package static func root(leaf: [UInt8], at index: Int, of count: Int, path: [[UInt8]]) -> [UInt8]? {
        guard count > 0, (0..<count).contains(index) else { return nil }
        var (hash, place, width) = (Self.leaf(leaf), index, count)
        var rest = path[...]
        while width > 1 {
            if place ^ 1 < width {
                guard let beside = rest.popFirst() else { return nil }
                hash = place & 1 == 0 ? node(hash, beside) : node(beside, hash)
            }
            place /= 2
            width = (width + 1) / 2
        }
        return rest.isEmpty ? hash : nil
    }

    private static func leaf(_ octets: [UInt8]) -> [UInt8] { Digest.sha256([0] + octets) }
    private static func node(_ left: [UInt8], _ right: [UInt8]) -> [UInt8] { Digest.sha256([1] + left + right) }
}
