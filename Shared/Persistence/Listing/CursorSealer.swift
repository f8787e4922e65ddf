import Crypto
import Domain
import Postgres
import WireFormat

/// Makes cursors that only their maker can have made, each good for one list alone.
package struct CursorSealer: Sendable {
    private static let version: UInt8 = 1
    private static let tagOctets = 16
    private let hmac: HMACSHA256

    /// The key, 32 octets, is shared by all that page through the same lists.
    package init(key: [UInt8]) {
        precondition(key.count == 32, "a key of 32 octets")
        hmac = HMACSHA256(key: key)
    }

    /// One for a process that pages alone.
    package static func random() -> CursorSealer { CursorSealer(key: Randomness.bytes(32)) }

    /// The cursor behind a row, in characters that need no escaping in a URL.
    func seal(_ place: ListPlace, for binding: [String], scope: TenantID) -> String {
        let body = [Self.version] + place.octets
        return Base64.encode(body + tag(body, binding, scope))
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    /// The place that a cursor tells. Throws for one that was not made here, or for another list.
    func open(_ text: String, for binding: [String], scope: TenantID) throws(ListError) -> ListPlace {
        let padding = String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        let standard = text.replacing("-", with: "+").replacing("_", with: "/") + padding
        guard text.utf8.count <= 1400, !text.utf8.contains(where: { $0 == 0x2b || $0 == 0x2f || $0 == 0x3d }),
            let octets = Base64.decode(standard), octets.count > Self.tagOctets, octets.first == Self.version
        else { throw Self.refused }
        let body = Array(octets.dropLast(Self.tagOctets))
        guard constantTimeEquals(tag(body, binding, scope), Array(octets.suffix(Self.tagOctets))),
            let place = ListPlace(octets: body.dropFirst())
        else { throw Self.refused }
        return place
    }

    private static let refused = ListError(
        parameter: "cursor",
        reason: "is not one that this list gave: it holds for the same sort, filters and search only"
    )

    /// HMAC-SHA256 over the cursor and what it is bound to, each part with its length before it.
    private func tag(_ body: [UInt8], _ binding: [String], _ scope: TenantID) -> [UInt8] {
        var message = scope.value.bytes
        for part in [body] + binding.map({ Array($0.utf8) }) {
            let count = UInt32(truncatingIfNeeded: part.count)
            message += (0..<4).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }
            message += part
        }
        return Array(hmac.tag(message).prefix(Self.tagOctets))
    }
}

/// Where a page ended: the last row's value of the sort, and what tells it from others of the same value.
struct ListPlace: Sendable, Equatable {
    let key: ListKey
    let tie: ListKey

    init(key: ListKey, tie: ListKey) {
        self.key = key
        self.tie = tie
    }

    var octets: [UInt8] { key.octets + tie.octets }

    init?(octets: ArraySlice<UInt8>) {
        var rest = octets
        guard let key = ListKey(reading: &rest), let tie = ListKey(reading: &rest), rest.isEmpty else { return nil }
        self.key = key
        self.tie = tie
    }
}

/// A value that rows are sorted by.
enum ListKey: Sendable, Equatable {
    case text(String)
    /// Whole numbers, and times in microseconds.
    case number(Int64)
    case day(Int32)
    case id(high: UInt64, low: UInt64)

    /// The key column of a row.
    init?(_ cell: PGCell, _ kind: ListKind) {
        switch kind {
        case .integer:
            guard let value = cell.int64 else { return nil }
            self = .number(value)
        case .time:
            guard let value = cell.timestamptz else { return nil }
            self = .number(value)
        case .day:
            guard let value = cell.date else { return nil }
            self = .day(value)
        case .id:
            guard let value = cell.uuid else { return nil }
            self = .id(high: value.high, low: value.low)
        default:
            guard let value = cell.text else { return nil }
            self = .text(value)
        }
    }

    /// The key as a parameter; nil when it is not of the kind.
    func parameter(_ kind: ListKind) -> PGValue? {
        switch (self, kind) {
        case (.number(let value), .integer): .int8(value)
        case (.number(let value), .time): .timestamptz(value)
        case (.day(let value), .day): .date(value)
        case (.id(let high, let low), .id): .uuid(high: high, low: low)
        case (.text(let value), .text), (.text(let value), .choice), (.text(let value), .decimal): .text(value)
        default: nil
        }
    }

    /// A letter for the kind, then the value; text with its length before it.
    var octets: [UInt8] {
        switch self {
        case .text(let value):
            [0x74] + Self.bigEndian(UInt32(truncatingIfNeeded: value.utf8.count)) + Array(value.utf8)
        case .number(let value): [0x6e] + Self.bigEndian(value)
        case .day(let value): [0x64] + Self.bigEndian(value)
        case .id(let high, let low): [0x69] + Self.bigEndian(high) + Self.bigEndian(low)
        }
    }

    init?(reading octets: inout ArraySlice<UInt8>) {
        func take(_ count: Int) -> UInt64? {
            guard octets.count >= count else { return nil }
            defer { octets = octets.dropFirst(count) }
            return octets.prefix(count).reduce(0) { $0 << 8 | UInt64($1) }
        }
        switch take(1) {
        case 0x74:
            guard let count = take(4).map({ Int($0) }), octets.count >= count,
                let text = String(validating: octets.prefix(count), as: UTF8.self)
            else { return nil }
            octets = octets.dropFirst(count)
            self = .text(text)
        case 0x6e:
            guard let value = take(8) else { return nil }
            self = .number(Int64(bitPattern: value))
        case 0x64:
            guard let value = take(4) else { return nil }
            self = .day(Int32(truncatingIfNeeded: value))
        case 0x69:
            guard let high = take(8), let low = take(8) else { return nil }
            self = .id(high: high, low: low)
        default: return nil
        }
    }

    private static func bigEndian(_ value: some FixedWidthInteger) -> [UInt8] {
        stride(from: value.bitWidth - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: value >> $0) }
    }
}
