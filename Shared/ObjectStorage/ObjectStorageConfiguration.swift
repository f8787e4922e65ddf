internal import AWSSigning

/// Where objects lie and who asks for them. Buckets are named in the path, as MinIO and S3 both take it.
package struct ObjectStorageConfiguration: Sendable {
    /// A scheme, a host and perhaps a port and a path before the bucket.
    struct Endpoint: Sendable, Equatable {
        let scheme: String
        /// As `Host` says it: in small letters, without the scheme's own port.
        let authority: String
        /// Empty, or with a slash before and none behind it.
        let path: String

        init(_ url: String) throws(ObjectStorageError) {
            guard let mark = url.firstRange(of: "://") else {
                throw .invalidConfiguration("its URL begins with no scheme")
            }
            scheme = url[..<mark.lowerBound].lowercased()
            guard scheme == "http" || scheme == "https" else {
                throw .invalidConfiguration("its URL must begin with http:// or https://")
            }
            let rest = url[mark.upperBound...]
            var authority = rest.prefix { $0 != "/" }.lowercased()
            var path = String(rest.dropFirst(authority.count))
            while path.hasSuffix("/") { path.removeLast() }
            let plainPort = scheme == "http" ? ":80" : ":443"
            if authority.hasSuffix(plainPort) { authority.removeLast(plainPort.count) }
            // Without a user, a query or a fragment: those would be a secret in the wrong place, or a mistake.
            guard !authority.isEmpty, !url.contains("@"), !url.contains("?"), !url.contains("#"),
                url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
            else { throw .invalidConfiguration("its URL must be a scheme, a host, and perhaps a port and a path") }
            self.authority = authority
            self.path = path
        }
    }

    let endpoint: Endpoint
    let publicEndpoint: Endpoint
    let bucket: String
    let signer: SignatureV4
    /// Whether every object is encrypted by the store (SSE-S3, AES-256).
    package var encrypts = false
    /// How often a request is tried that fails for no fault of its own.
    package var attempts = 4
    /// For one attempt.
    package var limit: Duration = .seconds(60)
    /// Octets of a part of a large object; S3 takes 5 MiB and more.
    package var partOctets = 8 << 20

    /// `publicURL` is how those who follow links reach the store, where that is not `url`. Throws `invalidConfiguration`.
    package init(
        url: String,
        publicURL: String? = nil,
        bucket: String,
        region: String,
        accessKey: String,
        secretKey: String
    ) throws(ObjectStorageError) {
        endpoint = try Endpoint(url)
        publicEndpoint = try publicURL.map { text throws(ObjectStorageError) in try Endpoint(text) } ?? endpoint
        guard (3...63).contains(bucket.utf8.count),
            bucket.utf8.allSatisfy({
                (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2d || $0 == 0x2e
            })
        else { throw .invalidConfiguration("a bucket has 3 to 63 small letters, digits, dots and hyphens") }
        guard !accessKey.isEmpty, !secretKey.isEmpty, !region.isEmpty else {
            throw .invalidConfiguration("its region, access key and secret key must be given")
        }
        self.bucket = bucket
        signer = SignatureV4(accessKey: accessKey, secretKey: secretKey, region: region)
    }

    /// The path of an object, percent-encoded.
    func path(of key: ObjectKey, at endpoint: Endpoint) -> String {
        "\(endpoint.path)/\(bucket)/\(URLItem.encode(key.text, keepingSlash: true))"
    }
}

extension String {
    /// Where `pattern` first stands.
    fileprivate func firstRange(of pattern: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(pattern) { return start..<index(start, offsetBy: pattern.count) }
            start = index(after: start)
        }
        return nil
    }
}
