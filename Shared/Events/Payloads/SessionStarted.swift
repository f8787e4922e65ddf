package import Domain
package import WireFormat

/// A session is on: nexora.session.v1.SessionStarted on `session.started.<tenant>`. Comes again with ``reopened`` when a
/// session that was told stopped proves alive.
package struct SessionStarted: EventPayload, Hashable {
    package static let type = "nexora.session.v1.SessionStarted"
    package static let subject = "session.started"

    package var session: SessionIdentity
    package var startedAt: Timestamp
    package var reopened: Bool
    /// The digest of the terms under which it was admitted (``TermsDigest``), as the record that made or reopened it told; nil
    /// where it did not.
    package var termsDigest: UInt64?
    /// When it ends by itself because its service does, by the same record; nil where it ends otherwise, or nobody knows.
    package var grantedUntil: Timestamp?

    package init(
        session: SessionIdentity,
        startedAt: Timestamp,
        reopened: Bool,
        termsDigest: UInt64? = nil,
        grantedUntil: Timestamp? = nil
    ) {
        self.session = session
        self.startedAt = startedAt
        self.reopened = reopened
        self.termsDigest = termsDigest
        self.grantedUntil = grantedUntil
    }

    package init(_ row: SessionState, reopened: Bool, termsDigest: UInt64?, grantedUntil: Timestamp?) {
        self.init(
            session: SessionIdentity(row),
            startedAt: row.startedAt,
            reopened: reopened,
            termsDigest: termsDigest,
            grantedUntil: grantedUntil
        )
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        session.encode(into: &writer)
        writer.member("startedAt", startedAt)
        writer.member("reopened", reopened)
        writer.member("termsDigest", present: termsDigest)
        writer.member("grantedUntil", present: grantedUntil)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var session = SessionIdentity.Partial()
        var startedAt: Timestamp?
        var reopened = false
        var termsDigest: UInt64?
        var grantedUntil: Timestamp?
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "startedAt": startedAt = try reader.timestamp(key)
            case "reopened": reopened = try reader.flag() ?? false
            case "termsDigest": termsDigest = try reader.unsigned64()
            case "grantedUntil": grantedUntil = try reader.timestamp(key)
            default: try session.read(key, from: &reader)
            }
        }
        self.init(
            session: try session.complete(),
            startedAt: try required(startedAt, "startedAt"),
            reopened: reopened,
            termsDigest: termsDigest,
            grantedUntil: grantedUntil
        )
    }
}
