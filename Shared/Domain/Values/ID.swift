/// The identifier of one kind of thing, so that a plan's id cannot stand where a customer's is meant.
package struct ID<Tag>: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let value: UUID128

    package init(_ value: UUID128) {
        self.value = value
    }

    /// Nil unless the text is a UUID (see ``UUID128/init(_:)-swift.init``).
    package init?(_ text: String) {
        guard let value = UUID128(text) else { return nil }
        self.value = value
    }

    package var description: String { value.description }

    package static func < (left: ID<Tag>, right: ID<Tag>) -> Bool { left.value < right.value }
}

/// What ids identify. Never instantiated.
package enum IDTag {
    package enum Tenant {}
    package enum NAS {}
    package enum Plan {}
    package enum Customer {}
    package enum Service {}
    package enum Session {}
    package enum Admission {}
    package enum Event {}
}

package typealias TenantID = ID<IDTag.Tenant>
package typealias NASID = ID<IDTag.NAS>
package typealias PlanID = ID<IDTag.Plan>
package typealias CustomerID = ID<IDTag.Customer>
package typealias ServiceID = ID<IDTag.Service>
package typealias SessionID = ID<IDTag.Session>
/// One grant of access; travels to the NAS in Class and comes back with its accounting.
package typealias AdmissionID = ID<IDTag.Admission>
package typealias EventID = ID<IDTag.Event>
