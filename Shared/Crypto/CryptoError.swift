/// Why an operation of the cryptographic library failed. Names algorithms only, never keys or data.
package enum CryptoError: Error, Equatable, Sendable {
    /// The library does not offer the algorithm, as when its `legacy` provider is not installed.
    case algorithmUnavailable(String)
    /// The library refused an operation that should have succeeded.
    case operationFailed(String)
    /// A key or block of a length that the algorithm does not take.
    case wrongLength(String)
}
