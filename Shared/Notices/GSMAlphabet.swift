/// The GSM 7 bit default alphabet and its extension: 3GPP TS 23.038 §6.2.1 and §6.2.1.1.
package enum GSMAlphabet {
    /// Says that the next code is the extension's.
    package static let escape: UInt8 = 0x1B

    /// The septets that a character is sent as, one or two with the escape; nil when the alphabet lacks it.
    package static func code(of scalar: Unicode.Scalar) -> [UInt8]? { codes[scalar] }

    /// Every character that it has.
    package static var all: some Collection<Unicode.Scalar> { codes.keys }

    /// By their codes, sixteen to a line. At 0x1B stands the escape, which is no character.
    private static let basic =
        "@£$¥èéùìòÇ\nØø\rÅå" + "Δ_ΦΓΛΩΠΨΣΘΞ\u{1B}ÆæßÉ" + " !\"#¤%&'()*+,-./" + "0123456789:;<=>?" + "¡ABCDEFGHIJKLMNO"
        + "PQRSTUVWXYZÄÖÑÜ§" + "¿abcdefghijklmno" + "pqrstuvwxyzäöñüà"

    private static let extended: [(UInt8, Unicode.Scalar)] = [
        (0x0A, "\u{0C}"), (0x14, "^"), (0x28, "{"), (0x29, "}"), (0x2F, "\\"), (0x3C, "["), (0x3D, "~"), (0x3E, "]"),
        (0x40, "|"), (0x65, "€"),
    ]

    private static let codes: [Unicode.Scalar: [UInt8]] = {
        var codes: [Unicode.Scalar: [UInt8]] = [:]
        for (code, scalar) in zip(UInt8(0)..., basic.unicodeScalars) where code != escape { codes[scalar] = [code] }
        for (code, scalar) in extended { codes[scalar] = [escape, code] }
        return codes
    }()
}
