package import HTTPServer

/// The strong entity tag of a row (RFC 9110 §8.8.3): its version, for a part of its fields a word that names the part, and where a row
/// has values that change without its version a word for those. `If-Match` is about the version alone.
package struct EntityTag: Hashable, Sendable {
    package let version: Int64
    private let part: String
    private let standing: String

    package init(version: Int64, fields: String? = nil, standing: Int64? = nil) {
        self.version = version
        self.standing = standing.map { "-s" + String($0, radix: 16) } ?? ""
        // FNV-1a: another part is another representation, whatever it is called.
        part =
            fields.map { text in
                let hash = text.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
                return "-" + String(hash, radix: 16)
            } ?? ""
    }

    package var value: HeaderValue { HeaderValue(withoutControls: text) }

    private var text: String { "\"\(version)\(part)\(standing)\"" }

    /// Whether `If-None-Match` names it: the client has it already.
    func isNamed(by request: Request) -> Bool {
        let named = request.headers.list("if-none-match")
        return named.contains("*") || named.contains(text) || named.contains("W/" + text)
    }
}

extension Request {
    /// The version that `If-Match` names: what it is changed from. Throws 428 without the field (RFC 6585 §3): nobody
    /// changes what he has not read; 412 for a tag that is none of ours.
    func expectedVersion() throws(Problem) -> Int64 {
        let tags = headers.list("if-match")
        guard let tag = tags.first else {
            throw Problem(
                428,
                code: "precondition_required",
                title: "Precondition Required",
                detail: "Say in If-Match which version you change: the ETag that came with it."
            )
        }
        guard tags.count == 1, tag.count > 2, tag.hasPrefix("\""), tag.hasSuffix("\""),
            let version = Int64(tag.dropFirst().dropLast().prefix { $0 != "-" })
        else { throw .versionChanged(nil) }
        return version
    }

    /// The same of a route that can do without; nil then.
    func namedVersion() throws(Problem) -> Int64? {
        headers["if-match"] == nil ? nil : try expectedVersion()
    }
}
