package import Domain
package import WireFormat

extension AccountingRecorded {
    /// A record that cannot be read in a message that can.
    package struct Refusal: Equatable, Sendable {
        /// Its place among the message's records, from 0.
        package let place: Int
        package let reason: JSONError
    }

    /// Reads exactly one message; throws when it or any of its records cannot be read.
    package init(decoding payload: [UInt8]) throws(JSONError) {
        var reading = Reading()
        try reading.read(payload)
        if let refusal = reading.refusals.first { throw refusal.reason }
        self.init(source: reading.source, records: reading.records)
    }

    /// Reads messages one after another, each into the records of those before it, so that thousands of records need no
    /// array for each message.
    package struct Reading {
        /// All records that could be read, in order.
        package private(set) var records: [AccountingRecord] = []
        /// The records of the last message that could not.
        package private(set) var refusals: [Refusal] = []
        /// Who sent the last message.
        package private(set) var source = ""

        package init() {}

        package mutating func reserveCapacity(_ records: Int) { self.records.reserveCapacity(records) }

        /// Reads exactly one message; returns how many records it has, those included that were refused. A record that
        /// lacks a member, or has one that means nothing, is refused by itself. Throws, and keeps nothing of the message,
        /// when it is no JSON or no such message.
        @discardableResult
        package mutating func read(_ payload: [UInt8]) throws(JSONError) -> Int {
            let before = records.count
            refusals.removeAll(keepingCapacity: true)
            do throws(JSONError) {
                return try readMessage(payload)
            } catch {
                records.removeSubrange(before...)
                refusals.removeAll()
                throw error
            }
        }

        private mutating func readMessage(_ payload: [UInt8]) throws(JSONError) -> Int {
            var reader = JSONReader(payload)
            let before = records.count
            var attributes = EnvelopeAttributes.Partial()
            var shared: Shared?
            try reader.readMembers { reader, key throws(JSONError) in
                switch key {
                case "data":
                    // A type that is known to differ is told before its data fails to read.
                    guard attributes.type == nil || attributes.type == AccountingRecorded.type else {
                        throw .invalidMember("type")
                    }
                    shared = try readData(from: &reader, before)
                default: try attributes.read(key, from: &reader)
                }
            }
            try reader.expectEnd()
            let known = try attributes.complete()
            guard known.type == AccountingRecorded.type else { throw .invalidMember("type") }
            guard let shared else { throw .missingMember("data") }
            source = known.source
            try shared.complete(&records, from: before)
            return records.count - before + refusals.count
        }

        private mutating func readData(from reader: inout JSONReader, _ before: Int) throws(JSONError) -> Shared {
            var shared = Shared()
            try reader.readMembers { reader, key throws(JSONError) in
                switch key {
                case "records":
                    shared.count = 0
                    records.removeSubrange(before...)
                    refusals.removeAll(keepingCapacity: true)
                    guard try !reader.readNull() else { return }
                    try reader.readArray { reader throws(JSONError) in
                        guard shared.count < AccountingRecorded.maximumRecords else { throw .invalidMember("records") }
                        try readRecord(from: &reader, shared.count)
                        shared.count += 1
                    }
                default: try shared.read(key, from: &reader)
                }
            }
            return shared
        }

        private mutating func readRecord(from reader: inout JSONReader, _ place: Int) throws(JSONError) {
            let start = reader
            do throws(JSONError) {
                records.append(try AccountingRecord(from: &reader))
            } catch {
                // What is not even JSON throws here, and out of the message.
                reader = start
                try reader.skipValue()
                refusals.append(Refusal(place: place, reason: error))
            }
        }
    }
}

/// What the records of a message have in common, as far as it has been read.
private struct Shared {
    var tenant: TenantID?
    var nas: NASID?
    var nasName: String?
    var nasIdentifier: String?
    var nasIPAddress: String?
    var count = 0

    /// Consumes the value of the member `key`, which is passed over when unknown.
    mutating func read(_ key: JSONKey, from reader: inout JSONReader) throws(JSONError) {
        switch key {
        case "tenantId": tenant = try reader.identifier(key)
        case "nasId": nas = try reader.identifier(key)
        case "nasName": nasName = try reader.text()
        case "nasIdentifier": nasIdentifier = try reader.text()
        case "nasIpAddress": nasIPAddress = try reader.text()
        default: try reader.skipValue()
        }
    }

    /// Gives it to the records from that one on, or throws what is missing.
    func complete(_ records: inout [AccountingRecord], from first: Int) throws(JSONError) {
        let tenant = try required(tenant, "tenantId")
        let nas = try required(nas, "nasId")
        guard count > 0 else { throw .missingMember("records") }
        for index in first..<records.count {
            records[index].tenantID = tenant
            records[index].nasID = nas
            records[index].nasName = nasName
            records[index].nasIdentifier = nasIdentifier
            records[index].nasIPAddress = nasIPAddress
        }
    }
}
