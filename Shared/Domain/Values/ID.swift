/// The identifier of one kind of thing, so that a plan's id cannot stand where a customer's is meant.
///
/// Costs nothing beside ``UUID128``: public and inlinable for the reason given there.
@frozen public struct ID<Tag>: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let value: UUID128

    @inlinable
    public init(_ value: UUID128) {
        self.value = value
    }

    /// Nil unless the text is a UUID (see ``UUID128/init(_:)-swift.init``).
    package init?(_ text: String) {
        guard let value = UUID128(text) else { return nil }
        self.value = value
    }

    @inlinable public var description: String { value.description }

    @inlinable
    public static func == (left: ID<Tag>, right: ID<Tag>) -> Bool { left.value == right.value }

    @inlinable
    public func hash(into hasher: inout Hasher) { value.hash(into: &hasher) }

    @inlinable
    public static func < (left: ID<Tag>, right: ID<Tag>) -> Bool { left.value < right.value }
}

/// What ids identify. Never instantiated.
package enum IDTag {
    package enum Tenant {}
    package enum NAS {}
    package enum Plan {}
    package enum BandwidthProfile {}
    package enum Customer {}
    package enum Service {}
    package enum Session {}
    package enum Admission {}
    package enum Pool {}
    package enum Event {}
}

package typealias TenantID = ID<IDTag.Tenant>
package typealias NASID = ID<IDTag.NAS>
package typealias PlanID = ID<IDTag.Plan>
package typealias BandwidthProfileID = ID<IDTag.BandwidthProfile>
package typealias CustomerID = ID<IDTag.Customer>
package typealias ServiceID = ID<IDTag.Service>
package typealias SessionID = ID<IDTag.Session>
/// One grant of access; travels to the NAS in Class and comes back with its accounting.
package typealias AdmissionID = ID<IDTag.Admission>
package typealias PoolID = ID<IDTag.Pool>
package typealias EventID = ID<IDTag.Event>
