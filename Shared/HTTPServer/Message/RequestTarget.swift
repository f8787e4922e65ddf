/// What a request is for (RFC 9112 §3.2): origin form, absolute form, or the asterisk of OPTIONS.
package struct RequestTarget: Sendable, Equatable {
    /// The path as it came, still encoded, without the query.
    package let path: String
    /// The path's segments, decoded; a path that ends with a slash has an empty one at the end.
    package let segments: [String]
    package let query: Query
    /// The octets behind the question mark, where there is one.
    private let encodedQuery: ArraySlice<UInt8>?
    /// The host and port of a target in absolute form.
    let authority: String?
    /// `OPTIONS *`.
    package var isAsterisk: Bool { path == "*" }

    /// Path and query as they came: what signatures of addresses are made over.
    package var text: String { encodedQuery.map { "\(path)?\(String(decoding: $0, as: UTF8.self))" } ?? path }

    static let maximumSegments = 64

    init(_ raw: [UInt8], method: HTTPMethod) throws(HeadFault) {
        guard raw.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") }) else { throw .target }
        var rest = raw[...]
        authority = try Self.takeAuthority(&rest)
        if rest.elementsEqual("*".utf8) {
            guard method == .options, authority == nil else { throw .target }
            path = "*"
            segments = []
            query = Query()
            encodedQuery = nil
            return
        }
        let mark = rest.firstIndex(of: UInt8(ascii: "?"))
        let encoded = rest[..<(mark ?? rest.endIndex)]
        guard encoded.first == UInt8(ascii: "/") else { throw .target }
        encodedQuery = mark.map { rest[($0 + 1)...] }
        guard let query = Query(encodedQuery ?? []) else { throw .target }
        self.query = query
        path = String(decoding: encoded, as: UTF8.self)
        segments = try Self.segments(encoded.dropFirst())
    }

    private static func segments(_ octets: ArraySlice<UInt8>) throws(HeadFault) -> [String] {
        var segments: [String] = []
        for part in octets.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            // A dot segment means another path to whoever normalises; nobody writes one in good faith.
            guard segments.count < maximumSegments, let segment = PercentEncoding.decode(part), segment != ".",
                segment != ".."
            else { throw .target }
            segments.append(segment)
        }
        return segments
    }

    /// Takes `http://authority` away where the target begins with it.
    private static func takeAuthority(_ rest: inout ArraySlice<UInt8>) throws(HeadFault) -> String? {
        guard rest.first != UInt8(ascii: "/") else { return nil }
        for scheme in ["http://", "https://"] {
            let start = rest.prefix(scheme.utf8.count)
            guard start.map({ Token.lowercased($0) }).elementsEqual(scheme.utf8) else { continue }
            let behind = rest.dropFirst(scheme.utf8.count)
            guard let end = behind.firstIndex(of: UInt8(ascii: "/")) else { throw .target }
            let authority = String(decoding: behind[..<end], as: UTF8.self)
            guard Authority.isValid(authority) else { throw .target }
            rest = behind[end...]
            return authority
        }
        return nil
    }
}
