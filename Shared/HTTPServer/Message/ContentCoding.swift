import Compression

/// Whether a body is sent compressed (RFC 9110 §12.5.3).
enum ContentCoding {
    /// Types whose octets repeat themselves.
    static func isText(_ contentType: String) -> Bool {
        let type = (contentType.split(separator: ";").first?.trimmed ?? "").lowercased()
        return type.hasPrefix("text/") && type != "text/event-stream" || type.hasSuffix("+json")
            || type.hasSuffix("+xml")
            || [
                "application/json", "application/javascript", "application/xml", "application/x-ndjson",
                "application/yaml", "image/svg+xml",
            ].contains(type)
    }

    /// Whether gzip is what the client wants: named or by the asterisk, with a weight above zero and not below that of
    /// the plain form where it gives one.
    static func acceptsGzip(_ headers: RequestHeaders) -> Bool {
        var gzip: Int?
        var identity: Int?
        var any: Int?
        for element in headers.list("accept-encoding") {
            let parts = element.split(separator: ";").map(\.trimmed)
            guard let coding = parts.first?.lowercased(), let weight = weight(parts.dropFirst()) else { continue }
            switch coding {
            case "gzip", "x-gzip": gzip = max(gzip ?? 0, weight)
            case "identity": identity = weight
            case "*": any = weight
            default: break
            }
        }
        let wanted = gzip ?? any ?? 0
        return wanted > 0 && wanted >= identity ?? 0
    }

    /// The weight in thousandths (RFC 9110 §12.4.2); nil where it is malformed, which refuses the coding.
    private static func weight(_ parameters: ArraySlice<String>) -> Int? {
        for parameter in parameters where parameter.lowercased().hasPrefix("q=") {
            let digits = Array(parameter.utf8.dropFirst(2))
            guard let first = digits.first, first == 0x30 || first == 0x31, digits.count <= 5,
                digits.count == 1 || digits[1] == UInt8(ascii: "."),
                digits.dropFirst(2).allSatisfy({ $0 >= 0x30 && $0 <= 0x39 })
            else { return nil }
            var weight = Int(first - 0x30) * 1_000
            for (place, digit) in digits.dropFirst(2).enumerated() {
                weight += Int(digit - 0x30) * [100, 10, 1][place]
            }
            return weight <= 1_000 ? weight : nil
        }
        return 1_000
    }

    /// Compresses the body where the client accepts it and it pays. A strong ETag names these very octets, so an
    /// answer with one goes as it is.
    static func apply(to response: inout Response, for request: Request, from threshold: Int) {
        guard response.isCompressible, case .octets(let octets) = response.body, octets.count >= threshold,
            response.headers["content-encoding"] == nil, response.headers["content-range"] == nil,
            let type = response.headers["content-type"], isText(type.text),
            !(response.headers["etag"]?.text.hasPrefix("\"") ?? false),
            !(response.headers["cache-control"]?.text.contains("no-transform") ?? false)
        else { return }
        response.headers.vary("Accept-Encoding")
        guard acceptsGzip(request.headers), let packed = try? Gzip.compress(octets), packed.count < octets.count else {
            return
        }
        response.body = .octets(packed)
        response.headers["content-encoding"] = "gzip"
    }
}
