import Domain
import WireFormat

/// An event of the stream with what filters, tenancy and masks ask about. Read once, whoever watches.
struct LiveEvent: Sendable {
    /// Its place in the stream.
    let sequence: UInt64
    /// Its subject without the tenant, such as `session.started`.
    let kind: String
    let tenantID: TenantID
    /// When it happened, as the event says it (RFC 3339).
    let time: String
    /// Whom and what it is about.
    let about: Concern
    /// The event itself: CloudEvents 1.0 in structured JSON mode.
    let json: [UInt8]

    /// Whom and what an event is about.
    struct Concern: Hashable, Sendable {
        var nases: Set<NASID> = []
        var nasName: String?
        var services: Set<ServiceID> = []
        var customers: Set<CustomerID> = []
        var username: String?
        /// Whose account it is about, alone.
        var user: UserID?
        /// Some of it is about nobody that is named, or about several: then it is nobody's own.
        var isMixed = false
        /// Rows of tenants changed: who stands below whom may be another.
        var isTenants = false

        /// The one customer that all of it is about.
        var onlyCustomer: CustomerID? { isMixed || customers.count != 1 ? nil : customers.first }
    }

    /// Reads a message of the stream. Throws for what is no event, and for one whose subject names another tenant than it
    /// does itself: nobody could say whose it is.
    init(sequence: UInt64, subject: String, json: [UInt8]) throws(JSONError) {
        guard let dot = subject.lastIndex(of: "."), dot != subject.startIndex else { throw .invalidMember("subject") }
        var reader = JSONReader(json)
        var tenant: TenantID?
        var time: String?
        var about: Concern?
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "tenantid": tenant = TenantID(try reader.readString())
            case "time": time = try reader.readString()
            case "data": about = try Self.concern(of: &reader)
            default: try reader.skipValue()
            }
        }
        try reader.expectEnd()
        guard let tenant else { throw .missingMember("tenantid") }
        guard subject[subject.index(after: dot)...] == tenant.description else { throw .invalidMember("tenantid") }
        guard let time else { throw .missingMember("time") }
        guard let about else { throw .missingMember("data") }
        self.sequence = sequence
        kind = String(subject[..<dot])
        tenantID = tenant
        self.time = time
        self.about = about
        self.json = json
    }

    private static func concern(of reader: inout JSONReader) throws(JSONError) -> Concern {
        var about = Concern()
        var rows: [String] = []
        var table = ""
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "deltas":
                try reader.readArray { reader throws(JSONError) in
                    let delta = try concern(of: &reader)
                    about.services.formUnion(delta.services)
                    about.customers.formUnion(delta.customers)
                    if delta.customers.isEmpty { about.isMixed = true }
                }
            case "rows":
                try reader.readArray { reader throws(JSONError) in
                    try reader.readMembers { reader, key throws(JSONError) in
                        if case "id" = key { rows.append(try text(&reader) ?? "") } else { try reader.skipValue() }
                    }
                }
            case "kind": table = try text(&reader) ?? ""
            default: try readParty(key, &reader, into: &about)
            }
        }
        switch table {
        case "NAS": about.nases.formUnion(rows.compactMap { NASID($0) })
        case "SERVICE", "CREDENTIAL": about.services.formUnion(rows.compactMap { ServiceID($0) })
        case "TENANT": about.isTenants = true
        case "CUSTOMER": about.customers.formUnion(rows.compactMap { CustomerID($0) })
        default: break
        }
        return about
    }

    private static func readParty(
        _ key: JSONKey,
        _ reader: inout JSONReader,
        into about: inout Concern
    ) throws(JSONError) {
        switch key {
        case "nasId": if let id = try text(&reader).flatMap({ NASID($0) }) { about.nases.insert(id) }
        case "nasName": about.nasName = try text(&reader)
        case "serviceId", "holderServiceId":
            if let id = try text(&reader).flatMap({ ServiceID($0) }) { about.services.insert(id) }
        case "customerId": if let id = try text(&reader).flatMap({ CustomerID($0) }) { about.customers.insert(id) }
        case "username": about.username = try text(&reader)
        case "userId": about.user = try text(&reader).flatMap { UserID($0) }
        default: try reader.skipValue()
        }
    }

    /// The next value when it is text; another kind is passed over.
    private static func text(_ reader: inout JSONReader) throws(JSONError) -> String? {
        guard try reader.peek() == .string else {
            try reader.skipValue()
            return nil
        }
        return try reader.readString()
    }
}
