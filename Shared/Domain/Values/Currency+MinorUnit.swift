extension Currency {
    /// The smallest amount that is billed, in ten-thousandths (ISO 4217's decimals): a cent of EUR, one franc of XOF. A ledger may
    /// hold less.
    package var minorUnit: Int64 {
        if Self.withoutDecimals.contains(code) { return 10_000 }
        return Self.withThreeDecimals.contains(code) ? 10 : 100
    }

    private static let withoutDecimals: Set = [
        "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF",
        "XPF",
    ]
    private static let withThreeDecimals: Set = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"]
}
