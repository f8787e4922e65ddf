import Crypto

/// What vouches for a chain as it stood: a number in it, and the octets that are signed for it.
protocol ChainCheckpoint: Hashable, Sendable {
    var number: Int64 { get }
    var signedOctets: [UInt8] { get }
}

/// A checkpoint with its signature.
protocol SignedHead: Sendable {
    associatedtype Checkpoint: ChainCheckpoint
    static var purpose: Keyring.SigningPurpose { get }
    var checkpoint: Checkpoint { get }
    var signature: KeyringSignature { get }
}

extension Collection where Element: SignedHead {
    /// The checkpoints whose signatures hold, how many cannot be judged, and the number of the first that is forged.
    func judged(
        by keyring: Keyring?
    ) throws -> (vouched: [Element.Checkpoint], unknown: Int, forged: Int64?) {
        guard let keyring else { return ([], count, nil) }
        var vouched: Set<Element.Checkpoint> = []
        var unknown = 0
        var forged: Int64?
        for signed in self {
            do throws(KeyringError) {
                if try keyring.verify(signed.signature, of: signed.checkpoint.signedOctets, for: Element.purpose) {
                    vouched.insert(signed.checkpoint)
                } else {
                    forged = Swift.min(forged ?? .max, signed.checkpoint.number)
                }
            } catch {
                guard case .unknownKey = error else { throw error }
                unknown += 1
            }
        }
        return (Array(vouched), unknown, forged)
    }
}
