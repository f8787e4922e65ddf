package import Domain
import Postgres

/// Terms of a session that are to be stored.
package struct SessionTermsRow: Hashable, Sendable {
    /// Why a session is said to have them. The raw values are stored.
    package enum Evidence: String, Hashable, Sendable, CaseIterable {
        /// Its login said so.
        case granted
        /// Nothing said otherwise.
        case presumed
        /// Its NAS acknowledged it.
        case changed
    }

    package let session: SessionRef
    package let nasID: NASID
    package let terms: SessionTerms
    package let evidence: Evidence
    /// When it ends by itself because its service does; nil where it ends otherwise, or nobody knows.
    package let endsAt: Timestamp?

    package init(
        session: SessionRef,
        nasID: NASID,
        terms: SessionTerms,
        evidence: Evidence,
        endsAt: Timestamp? = nil
    ) {
        self.session = session
        self.nasID = nasID
        self.terms = terms
        self.evidence = evidence
        self.endsAt = endsAt
    }

    static func statement(_ rows: [SessionTermsRow], at now: Timestamp) -> PGStatement {
        PGStatement(
            TermsSQL.grant,
            [
                .uuids(rows.map(\.session.tenantID.value)), .uuids(rows.map(\.session.id.value)),
                .uuids(rows.map(\.nasID.value)),
                .int8Array(rows.map { Int64(bitPattern: $0.terms.digest.rawValue) }),
                .boolArray(rows.map(\.terms.isConfined)), .textArray(rows.map { $0.terms.source?.rawValue }),
                .int8Array(rows.map { $0.terms.speeds?.rate.download }),
                .int8Array(rows.map { $0.terms.speeds?.rate.upload }),
                .int8Array(rows.map { $0.terms.speeds?.guaranteed.download }),
                .int8Array(rows.map { $0.terms.speeds?.guaranteed.upload }),
                .int8Array(rows.map { $0.terms.speeds?.ceiling.download }),
                .int8Array(rows.map { $0.terms.speeds?.ceiling.upload }),
                .textArray(rows.map(\.evidence.rawValue)), .time(now),
                .timestamptzArray(rows.map { $0.endsAt?.microseconds }),
            ]
        )
    }

    // MARK: - Reading

    /// What a session has; nil where nothing is known.
    static func terms(_ row: PGRow) throws -> SessionTerms? {
        guard let digest = row["digest"].int64 else { return nil }
        return SessionTerms(
            digest: TermsDigest(rawValue: UInt64(bitPattern: digest)),
            isConfined: row["is_confined"].bool ?? false,
            source: row["source"].text.flatMap(TermsSource.init),
            speeds: try speeds(row, "speeds")
        )
    }

    static func speeds(_ row: PGRow, _ column: String) throws -> TermsSpeeds? {
        try numbers(row, column, count: 6).map { numbers in
            TermsSpeeds(
                rate: SpeedPair(download: numbers[0], upload: numbers[1]),
                guaranteed: SpeedPair(download: numbers[2], upload: numbers[3]),
                ceiling: SpeedPair(download: numbers[4], upload: numbers[5])
            )
        }
    }

    static func numbers(_ row: PGRow, _ column: String, count: Int) throws -> [Int64]? {
        guard !row[column].isNull else { return nil }
        let numbers = (row[column].int8Array ?? []).compactMap(\.self)
        guard numbers.count == count else { throw UnexpectedRow(column: column) }
        return numbers
    }
}

extension TermsSpeeds {
    var numbers: [Int64] {
        [rate.download, rate.upload, guaranteed.download, guaranteed.upload, ceiling.download, ceiling.upload]
    }
}
