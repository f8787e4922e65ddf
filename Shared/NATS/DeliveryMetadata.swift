/// What JetStream's acknowledgement subject tells about a delivery:
/// `$JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<time>.<pending>`, or from servers with
/// domains `$JS.ACK.<domain>.<account>.<stream>...` with one more token at the end.
struct DeliveryMetadata: Equatable {
    var delivered: UInt64 = 0
    var streamSequence: UInt64 = 0
    var consumerSequence: UInt64 = 0
    /// Nanoseconds since 1970 UTC.
    var timestamp: Int64 = 0
    var pending: UInt64 = 0

    /// nil where the text is not such a subject.
    init?(_ subject: UnsafePointer<CChar>) {
        guard unsafe Self.begins(subject, with: "$JS.ACK.") else { return nil }
        var total = 1
        var length = 0
        while case let octet = unsafe subject[length], octet != 0 {
            if octet == CChar(bitPattern: UInt8(ascii: ".")) { total += 1 }
            length += 1
        }
        // The five numbers stand at tokens 4...8 in the short form, at 6...10 in the long one.
        guard total == 9 || total >= 11 else { return nil }
        let firstNumber = total == 9 ? 4 : 6
        var token = 0
        var numbers: (UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0)
        var value: UInt64 = 0
        for index in 0...length {
            let octet = unsafe UInt8(bitPattern: subject[index])
            guard octet == UInt8(ascii: ".") || octet == 0 else {
                guard token >= firstNumber, token < firstNumber + 5 else { continue }
                let digit = octet &- UInt8(ascii: "0")
                guard digit < 10 else { return nil }
                value = value &* 10 &+ UInt64(digit)
                continue
            }
            switch token - firstNumber {
            case 0: numbers.0 = value
            case 1: numbers.1 = value
            case 2: numbers.2 = value
            case 3: numbers.3 = value
            case 4: numbers.4 = value
            default: break
            }
            token += 1
            value = 0
        }
        (delivered, streamSequence, consumerSequence) = (numbers.0, numbers.1, numbers.2)
        timestamp = Int64(clamping: numbers.3)
        pending = numbers.4
    }

    private static func begins(_ text: UnsafePointer<CChar>, with prefix: StaticString) -> Bool {
        for index in 0..<prefix.utf8CodeUnitCount
        where unsafe UInt8(bitPattern: text[index]) != prefix.utf8Start[index] { return false }
        return true
    }
}
