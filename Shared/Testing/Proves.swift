package import Testing

/// Names the requirements that a test proves, so that coverage of the requirement list can be counted.
package struct Proves: TestTrait, SuiteTrait {
    /// Requirement ids such as `RAD-04`.
    package let requirements: [String]

    /// A suite's requirements count for each of its tests.
    package var isRecursive: Bool { true }

    /// Shown beside a failure.
    package var comments: [Comment] { [Comment(rawValue: "proves " + requirements.joined(separator: ", "))] }
}

extension Trait where Self == Proves {
    /// Tags a test with the ids of the requirements it proves.
    package static func proves(_ requirements: String...) -> Proves { Proves(requirements: requirements) }
}
