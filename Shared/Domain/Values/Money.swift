/// Why money could not be computed with or read.
package enum MoneyError: Error, Equatable, Sendable {
    /// The result does not fit ``Money/range``.
    case overflow
    /// Two currencies met in one sum.
    case currencyMismatch(Currency, Currency)
    /// Not a decimal number with at most four fraction digits.
    case malformedAmount(String)
    /// Not three capital letters.
    case malformedCurrency(String)
}

/// An ISO 4217 code: three capital letters. That the currency exists is not checked.
package struct Currency: Hashable, Sendable, CustomStringConvertible {
    package let code: String

    package static let euro = Currency(unchecked: "EUR")

    package init(_ code: String) throws(MoneyError) {
        guard code.utf8.count == 3, code.utf8.allSatisfy({ (0x41...0x5a).contains($0) }) else {
            throw .malformedCurrency(code)
        }
        self.code = code
    }

    private init(unchecked code: String) {
        self.code = code
    }

    package var description: String { code }
}

/// An amount of one currency in ten-thousandths, exact; never floating point.
package struct Money: Hashable, Sendable {
    /// The amount in units of 0.0001.
    package let tenThousandths: Int64
    package let currency: Currency

    /// What the database's numeric(18, 4) holds, either sign.
    package static let range: ClosedRange<Int64> = -999_999_999_999_999_999...999_999_999_999_999_999

    package init(tenThousandths: Int64, currency: Currency) throws(MoneyError) {
        guard Self.range.contains(tenThousandths) else { throw .overflow }
        self.tenThousandths = tenThousandths
        self.currency = currency
    }

    /// Reads `12`, `-0.5` or `12.3456`: digits, at most one point with one to four digits after it, no exponent.
    package init(_ decimal: String, currency: Currency) throws(MoneyError) {
        var value: Int64 = 0
        var digits = 0
        var fractionDigits: Int?
        for (index, byte) in decimal.utf8.enumerated() {
            switch byte {
            case UInt8(ascii: "-") where index == 0: continue
            case UInt8(ascii: ".") where fractionDigits == nil && digits > 0: fractionDigits = 0
            case 0x30...0x39:
                digits += 1
                fractionDigits = fractionDigits.map { $0 + 1 }
                value = try Self.append(digit: Int64(byte - 0x30), to: value)
            default: throw .malformedAmount(decimal)
            }
        }
        guard digits > 0, fractionDigits != 0, fractionDigits ?? 0 <= 4 else { throw .malformedAmount(decimal) }
        for _ in (fractionDigits ?? 0)..<4 {
            value = try Self.append(digit: 0, to: value)
        }
        try self.init(tenThousandths: decimal.utf8.first == UInt8(ascii: "-") ? -value : value, currency: currency)
    }

    package static func zero(_ currency: Currency) -> Money {
        Money(unchecked: 0, currency: currency)
    }

    package var negated: Money { Money(unchecked: -tenThousandths, currency: currency) }
    package var isPositive: Bool { tenThousandths > 0 }

    package func adding(_ other: Money) throws(MoneyError) -> Money {
        guard currency == other.currency else { throw .currencyMismatch(currency, other.currency) }
        return try Money(tenThousandths: tenThousandths + other.tenThousandths, currency: currency)
    }

    package func subtracting(_ other: Money) throws(MoneyError) -> Money {
        try adding(other.negated)
    }

    /// The amount with exactly four fraction digits, as numeric(18, 4) reads it: `-12.3400`.
    package var decimal: String {
        let magnitude = tenThousandths.magnitude
        let fraction = String(10_000 + magnitude % 10_000).dropFirst()
        return "\(tenThousandths < 0 ? "-" : "")\(magnitude / 10_000).\(fraction)"
    }

    private init(unchecked tenThousandths: Int64, currency: Currency) {
        self.tenThousandths = tenThousandths
        self.currency = currency
    }

    private static func append(digit: Int64, to value: Int64) throws(MoneyError) -> Int64 {
        let (shifted, overflow) = value.multipliedReportingOverflow(by: 10)
        // A value within the range plus one digit cannot overflow; beyond the range the reading is over.
        guard !overflow, shifted <= range.upperBound else { throw .overflow }
        return shifted + digit
    }
}

extension Money: CustomStringConvertible {
    /// `12.3400 EUR`.
    package var description: String { "\(decimal) \(currency)" }
}
