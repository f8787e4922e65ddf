/// Why a transfer's texts were refused.
package enum TransferTextError: Error, Equatable, Sendable {
    /// Not one to forty of a-z, 0-9 and underscore, a letter first.
    case malformedPurpose
    /// Longer than it may be, or with a NUL.
    case malformedReference, malformedDescription, malformedMetadata
}

/// What a transfer is for: one word, such as `top_up`.
package struct TransferPurpose: Hashable, Sendable, CustomStringConvertible {
    package let name: String

    package init(_ name: String) throws(TransferTextError) {
        let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
        guard (1...40).contains(name.utf8.count), let first = name.utf8.first, letters.contains(first),
            name.utf8.allSatisfy({ letters.contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "_") })
        else { throw .malformedPurpose }
        self.name = name
    }

    private init(known name: String) {
        self.name = name
    }

    package static let topUp = TransferPurpose(known: "top_up")
    package static let invoice = TransferPurpose(known: "invoice")
    package static let refund = TransferPurpose(known: "refund")
    package static let adjustment = TransferPurpose(known: "adjustment")
    package static let commission = TransferPurpose(known: "commission")
    package static let payout = TransferPurpose(known: "payout")
    package static let exchange = TransferPurpose(known: "exchange")
    package static let usage = TransferPurpose(known: "usage")
    package static let subscription = TransferPurpose(known: "subscription")
    package static let boost = TransferPurpose(known: "boost")
    package static let correction = TransferPurpose(known: "correction")
    package static let expiry = TransferPurpose(known: "expiry")

    package var description: String { name }
}

/// What a transfer says of itself. Never anything that identifies a person: rows of the ledger stay for good.
package struct TransferDetails: Hashable, Sendable {
    package let purpose: TransferPurpose
    /// The payment at its gateway, the invoice: what it goes back to. At most 200 octets.
    package let reference: String?
    /// One sentence, at most 500 octets.
    package let description: String
    /// At most 20 pairs, names of 1 to 64 octets, values of at most 500.
    package let metadata: [String: String]

    package init(
        _ purpose: TransferPurpose,
        reference: String? = nil,
        description: String = "",
        metadata: [String: String] = [:]
    ) throws(TransferTextError) {
        guard reference.map({ Self.fits($0, 1...200) }) ?? true else { throw .malformedReference }
        guard Self.fits(description, 0...500) else { throw .malformedDescription }
        guard metadata.count <= 20,
            metadata.allSatisfy({ Self.fits($0.key, 1...64) && Self.fits($0.value, 0...500) })
        else { throw .malformedMetadata }
        self.purpose = purpose
        self.reference = reference
        self.description = description
        self.metadata = metadata
    }

    /// The purpose alone.
    package init(_ purpose: TransferPurpose) {
        self.purpose = purpose
        reference = nil
        description = ""
        metadata = [:]
    }

    /// The metadata in the order of the names' octets.
    package var sortedMetadata: [(name: String, value: String)] {
        metadata.map { (name: $0.key, value: $0.value) }
            .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    /// The database keeps no NUL in a text.
    private static func fits(_ text: String, _ length: ClosedRange<Int>) -> Bool {
        length.contains(text.utf8.count) && !text.utf8.contains(0)
    }
}
