/// What was built: one version for all programs of the product.
package enum Build {
    /// Semantic version; CHANGELOG.md says what each brought.
    package static let version = "0.1.0"
}
