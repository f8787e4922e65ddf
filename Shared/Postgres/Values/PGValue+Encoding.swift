extension PGValue {
    /// The parameter's type; 0 leaves NULL's to the server.
    var typeOID: UInt32 {
        switch self {
        case .null: 0
        case .bool: PGType.bool
        case .int2: PGType.int2
        case .int4: PGType.int4
        case .int8: PGType.int8
        case .float8: PGType.float8
        case .text: PGType.text
        case .bytea: PGType.bytea
        case .uuid: PGType.uuid
        case .timestamptz: PGType.timestamptz
        case .date: PGType.date
        case .jsonb: PGType.jsonb
        case .boolArray: PGType.boolArray
        case .int4Array: PGType.int4Array
        case .int8Array: PGType.int8Array
        case .float8Array: PGType.float8Array
        case .textArray: PGType.textArray
        case .byteaArray: PGType.byteaArray
        case .uuidArray: PGType.uuidArray
        case .timestamptzArray: PGType.timestamptzArray
        case .dateArray: PGType.dateArray
        case .placeArray: PGType.tidArray
        }
    }

    /// The binary form; nil for NULL.
    func encoded() -> [UInt8]? {
        var bytes: [UInt8] = []
        return encode(into: &bytes) ? bytes : nil
    }

    /// Appends the binary form; false, appending nothing, for NULL.
    func encode(into bytes: inout [UInt8]) -> Bool {
        switch self {
        case .null: return false
        case .bool(let value): bytes.append(value ? 1 : 0)
        case .int2(let value): bytes.appendBigEndian(value)
        case .int4(let value): bytes.appendBigEndian(value)
        case .int8(let value): bytes.appendBigEndian(value)
        case .float8(let value): bytes.appendBigEndian(value.bitPattern)
        case .text(let value): bytes.append(contentsOf: value.utf8)
        case .bytea(let value): bytes.append(contentsOf: value)
        case .uuid(let high, let low):
            bytes.appendBigEndian(high)
            bytes.appendBigEndian(low)
        case .timestamptz(let value): bytes.appendBigEndian(value.sinceServerEpoch)
        case .date(let value): bytes.appendBigEndian(value.sinceServerEpoch)
        case .jsonb(let value):
            // The binary format's version.
            bytes.append(1)
            bytes.append(contentsOf: value.utf8)
        default: encodeArray(into: &bytes)
        }
        return true
    }

    private func encodeArray(into bytes: inout [UInt8]) {
        switch self {
        case .boolArray(let values): bytes.appendArray(values, PGType.bool, width: 1) { $0.append($1 ? 1 : 0) }
        case .int4Array(let values): bytes.appendArray(values, PGType.int4, width: 4) { $0.appendBigEndian($1) }
        case .int8Array(let values): bytes.appendArray(values, PGType.int8, width: 8) { $0.appendBigEndian($1) }
        case .float8Array(let values):
            bytes.appendArray(values, PGType.float8, width: 8) { $0.appendBigEndian($1.bitPattern) }
        case .textArray(let values):
            bytes.appendArray(values, PGType.text, width: 16) { $0.append(contentsOf: $1.utf8) }
        case .byteaArray(let values): bytes.appendArray(values, PGType.bytea, width: 32) { $0.append(contentsOf: $1) }
        case .uuidArray(let values):
            bytes.appendArray(values, PGType.uuid, width: 16) {
                $0.appendBigEndian($1.high)
                $0.appendBigEndian($1.low)
            }
        case .timestamptzArray(let values):
            bytes.appendArray(values, PGType.timestamptz, width: 8) { $0.appendBigEndian($1.sinceServerEpoch) }
        case .dateArray(let values):
            bytes.appendArray(values, PGType.date, width: 4) { $0.appendBigEndian($1.sinceServerEpoch) }
        case .placeArray(let values):
            bytes.appendArray(values, PGType.tid, width: 6) {
                $0.appendBigEndian($1.block)
                $0.appendBigEndian($1.item)
            }
        default: break
        }
    }
}

extension Int64 {
    /// Saturates: a time that the server cannot hold is refused by the server, not by a trap here.
    fileprivate var sinceServerEpoch: Int64 {
        let (value, overflow) = subtractingReportingOverflow(PGEpoch.microseconds)
        // Int64.min is the server's -infinity.
        return overflow ? Int64.min : value
    }
}

extension Int32 {
    fileprivate var sinceServerEpoch: Int32 {
        let (value, overflow) = subtractingReportingOverflow(PGEpoch.days)
        return overflow ? Int32.min : value
    }
}

extension [UInt8] {
    mutating func appendBigEndian(_ value: some FixedWidthInteger) {
        unsafe Swift.withUnsafeBytes(of: value.bigEndian) { unsafe append(contentsOf: $0) }
    }

    mutating func storeBigEndian(_ value: Int32, at offset: Int) {
        for index in 0..<4 { self[offset + index] = UInt8(truncatingIfNeeded: value >> (24 - 8 * index)) }
    }

    /// One dimension, lower bound 1. `width` is the expected size of an element.
    fileprivate mutating func appendArray<Item>(
        _ values: [Item?],
        _ elementType: UInt32,
        width: Int,
        _ append: (inout [UInt8], Item) -> Void
    ) {
        reserveCapacity(count + 20 + values.count * (4 + width))
        appendBigEndian(Int32(values.isEmpty ? 0 : 1))
        let flags = count
        appendBigEndian(Int32(0))
        appendBigEndian(elementType)
        guard !values.isEmpty else { return }
        appendBigEndian(Int32(truncatingIfNeeded: values.count))
        appendBigEndian(Int32(1))
        var hasNull = false
        for value in values {
            guard let value else {
                hasNull = true
                appendBigEndian(Int32(-1))
                continue
            }
            let start = count
            appendBigEndian(Int32(0))
            append(&self, value)
            storeBigEndian(Int32(truncatingIfNeeded: count - start - 4), at: start)
        }
        if hasNull { storeBigEndian(1, at: flags) }
    }
}
