package import Domain
package import WireFormat

/// Services used octets and time: nexora.usage.v1.UsageAdvanced on `usage.advanced.<tenant>`, one for each tenant and commit. What
/// the deltas of all events add up to is what the sessions counted.
package struct UsageAdvanced: EventPayload, Hashable {
    package static let type = "nexora.usage.v1.UsageAdvanced"
    package static let subject = "usage.advanced"
    /// Deltas in one event at most: about 300 kB of JSON, well below a message's 1 MiB.
    package static let maximumDeltas = 1000

    /// What one session added.
    package struct Delta: Hashable, Sendable {
        package var serviceID: ServiceID
        package var sessionID: SessionID
        package var customerID: CustomerID?
        /// From the subscriber.
        package var inputOctets: Int64
        /// To the subscriber.
        package var outputOctets: Int64
        /// How much longer the session is known to have lasted.
        package var seconds: Int64
        /// Receipt of the newest record counted here.
        package var at: Timestamp

        package init(
            serviceID: ServiceID,
            sessionID: SessionID,
            customerID: CustomerID?,
            inputOctets: Int64,
            outputOctets: Int64,
            seconds: Int64 = 0,
            at: Timestamp
        ) {
            self.serviceID = serviceID
            self.sessionID = sessionID
            self.customerID = customerID
            self.inputOctets = inputOctets
            self.outputOctets = outputOctets
            self.seconds = seconds
            self.at = at
        }
    }

    package var deltas: [Delta]

    package init(deltas: [Delta]) {
        self.deltas = deltas
    }

    /// The events for a batch, by tenant; what is nobody's service's, and deltas of nothing, are left out.
    package static func events(for deltas: [UsageDelta]) -> [(tenant: TenantID, event: UsageAdvanced)] {
        var byTenant: [TenantID: [Delta]] = [:]
        for delta in deltas where delta.inputOctets > 0 || delta.outputOctets > 0 || delta.seconds > 0 {
            guard let service = delta.serviceID else { continue }
            byTenant[delta.tenantID, default: []].append(
                Delta(
                    serviceID: service,
                    sessionID: delta.sessionID,
                    customerID: delta.customerID,
                    inputOctets: delta.inputOctets,
                    outputOctets: delta.outputOctets,
                    seconds: delta.seconds,
                    at: delta.at
                )
            )
        }
        return byTenant.sorted { $0.key < $1.key }.flatMap { tenant, deltas in
            stride(from: 0, to: deltas.count, by: maximumDeltas).map { start in
                (tenant, UsageAdvanced(deltas: Array(deltas[start..<min(start + maximumDeltas, deltas.count)])))
            }
        }
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        if !deltas.isEmpty {
            writer.key("deltas")
            writer.beginArray()
            for delta in deltas { delta.encode(into: &writer) }
            writer.endArray()
        }
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var deltas: [Delta] = []
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "deltas":
                guard try !reader.readNull() else { return }
                try reader.readArray { reader throws(JSONError) in deltas.append(try Delta(from: &reader)) }
            default: try reader.skipValue()
            }
        }
        self.init(deltas: deltas)
    }
}

extension UsageAdvanced.Delta {
    fileprivate func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("serviceId", serviceID)
        writer.member("sessionId", sessionID)
        writer.member("customerId", present: customerID)
        writer.member("inputOctets", inputOctets)
        writer.member("outputOctets", outputOctets)
        writer.member("at", at)
        writer.member("seconds", seconds)
        writer.endObject()
    }

    fileprivate init(from reader: inout JSONReader) throws(JSONError) {
        var service: ServiceID?
        var session: SessionID?
        var customer: CustomerID?
        var (input, output, seconds): (Int64, Int64, Int64) = (0, 0, 0)
        var at: Timestamp?
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "serviceId": service = try reader.identifier(key)
            case "sessionId": session = try reader.identifier(key)
            case "customerId": customer = try reader.identifier(key)
            case "inputOctets": input = try reader.count(key) ?? 0
            case "outputOctets": output = try reader.count(key) ?? 0
            case "at": at = try reader.timestamp(key)
            case "seconds": seconds = try reader.count(key) ?? 0
            default: try reader.skipValue()
            }
        }
        self.init(
            serviceID: try required(service, "serviceId"),
            sessionID: try required(session, "sessionId"),
            customerID: customer,
            inputOctets: input,
            outputOctets: output,
            seconds: seconds,
            at: try required(at, "at")
        )
    }
}
