package import Domain

/// Why a provider cannot be made of its settings and secrets. It names fields, never what stands in them.
package struct ProviderSettingsError: Error, Hashable, Sendable, CustomStringConvertible {
    package let problems: ValidationError

    package init(_ problems: ValidationError) { self.problems = problems }

    package var description: String { "a provider's settings: \(problems)" }
}
