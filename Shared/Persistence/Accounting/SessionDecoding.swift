import Domain
import Postgres

extension SessionState {
    /// A row with the columns of `AccountingSQL` in their order.
    init(_ row: PGRow) {
        self.init(
            tenantID: TenantID(UUID128(row[0])),
            id: SessionID(UUID128(row[1])),
            sessionKey: UUID128(row[2]),
            nasID: NASID(UUID128(row[3])),
            serviceID: Self.id(row[4]),
            customerID: Self.id(row[5]),
            username: row[6].text ?? "",
            acctSessionID: row[7].text ?? "",
            admissionID: Self.id(row[8]),
            startedAt: Timestamp(microseconds: row[9].timestamptz ?? 0),
            lastUpdateAt: Timestamp(microseconds: row[10].timestamptz ?? 0),
            endedAt: row[11].timestamptz.map(Timestamp.init(microseconds:)),
            closedBy: row[12].text.flatMap(SessionEnd.init(rawValue:)),
            terminateCause: row[13].int32.map { UInt32(bitPattern: $0) },
            sessionSeconds: row[14].int64 ?? 0,
            inputOctets: row[15].int64 ?? 0,
            outputOctets: row[16].int64 ?? 0,
            inputPackets: row[17].int64 ?? 0,
            outputPackets: row[18].int64 ?? 0,
            rawInputOctets: row[19].int64 ?? 0,
            rawOutputOctets: row[20].int64 ?? 0,
            counterFall: row[30].text.flatMap(CounterFall.init(text:)),
            nasPort: row[21].int64.map { UInt32(truncatingIfNeeded: $0) },
            nasPortID: row[22].text,
            callingStationID: row[23].text ?? "",
            calledStationID: row[24].text ?? "",
            framedIPv4: row[25].text,
            framedIPv6Prefix: row[26].text,
            framedIPv6Address: row[27].text,
            delegatedIPv6Prefix: row[28].text,
            nasAddress: row[31].text,
            recordCount: row[29].int64 ?? 0
        )
    }

    private static func id<Tag>(_ cell: PGCell) -> ID<Tag>? {
        cell.uuid.map { ID(UUID128(high: $0.high, low: $0.low)) }
    }

    /// Whether an ordinary interim made this row out of `old`: nothing but counters and times of report differ.
    func differsOnlyInCounters(from old: SessionState) -> Bool {
        closedBy == old.closedBy && endedAt == old.endedAt && serviceID == old.serviceID
            && customerID == old.customerID && admissionID == old.admissionID && terminateCause == old.terminateCause
            && framedIPv4 == old.framedIPv4 && nasPortID == old.nasPortID && calledStationID == old.calledStationID
            && framedIPv6Prefix == old.framedIPv6Prefix && framedIPv6Address == old.framedIPv6Address
            && delegatedIPv6Prefix == old.delegatedIPv6Prefix && counterFall == old.counterFall
            && nasAddress == old.nasAddress
    }
}

extension CounterFall {
    /// As column counter_fall keeps it: an array of seven numbers.
    fileprivate var text: String {
        let numbers = [
            before.seconds, before.input, before.output, after.seconds, after.input, after.output, isReset ? 1 : 0,
        ]
        return "{\(numbers.map(String.init).joined(separator: ","))}"
    }

    fileprivate init?(text: String) {
        let numbers = text.dropFirst().dropLast().split(separator: ",").compactMap { Int64($0) }
        guard numbers.count == 7 else { return nil }
        self.init(
            before: Reading(seconds: numbers[0], input: numbers[1], output: numbers[2]),
            after: Reading(seconds: numbers[3], input: numbers[4], output: numbers[5]),
            isReset: numbers[6] != 0
        )
    }
}

extension [SessionState] {
    /// The keys and counters, which every update has.
    var counterColumns: [PGValue] {
        [
            .uuids(map(\.tenantID.value)), .uuids(map(\.id.value)),
            .timestamptzArray(map(\.lastUpdateAt.microseconds)), .int8Array(map(\.sessionSeconds)),
            .int8Array(map(\.inputOctets)), .int8Array(map(\.outputOctets)), .int8Array(map(\.inputPackets)),
            .int8Array(map(\.outputPackets)), .int8Array(map(\.rawInputOctets)), .int8Array(map(\.rawOutputOctets)),
            .int4Array(map { Int32(clamping: $0.recordCount) }),
        ]
    }

    /// The parameters of `AccountingSQL.update`.
    var changeableColumns: [PGValue] {
        counterColumns + [
            .uuids(map { $0.serviceID?.value }), .uuids(map { $0.customerID?.value }),
            .uuids(map { $0.admissionID?.value }), .timestamptzArray(map { $0.endedAt?.microseconds }),
            .textArray(map { $0.closedBy?.rawValue }),
            .int4Array(map { state in state.terminateCause.map { Int32(bitPattern: $0) } }),
            .textArray(map(\.nasPortID)), .textArray(map(\.calledStationID)), .textArray(map(\.framedIPv4)),
            .textArray(map(\.framedIPv6Prefix)), .textArray(map(\.framedIPv6Address)),
            .textArray(map(\.delegatedIPv6Prefix)), .textArray(map { $0.counterFall?.text }),
            .textArray(map(\.nasAddress)),
        ]
    }

    /// The parameters of `AccountingSQL.insert`.
    var allColumns: [PGValue] {
        changeableColumns + [
            .uuids(map(\.sessionKey)), .uuids(map(\.nasID.value)), .textArray(map(\.username)),
            .textArray(map(\.acctSessionID)), .timestamptzArray(map(\.startedAt.microseconds)),
            .int8Array(map { state in state.nasPort.map(Int64.init) }), .textArray(map(\.callingStationID)),
        ]
    }
}

/// Rows of `sessions` with their places in the table.
struct StoredSessions {
    private(set) var states: [SessionState] = []
    private(set) var places: [PGRowPlace] = []

    init() {}

    /// Rows with the columns of `AccountingSQL.columnsAndPlace` in their order.
    init(_ rows: PGRows) {
        reserveCapacity(rows.count)
        for row in rows { append(row) }
    }

    mutating func reserveCapacity(_ count: Int) {
        states.reserveCapacity(count)
        places.reserveCapacity(count)
    }

    mutating func append(_ state: SessionState, at place: PGRowPlace) {
        states.append(state)
        places.append(place)
    }

    /// Adds the rows that are not among these.
    mutating func merge(_ others: StoredSessions) {
        let known = Set(states.map(\.id))
        for (state, place) in zip(others.states, others.places) where !known.contains(state.id) {
            append(state, at: place)
        }
    }

    private mutating func append(_ row: PGRow) {
        guard let place = row[32].place else { preconditionFailure("a stored row has a place") }
        append(SessionState(row), at: place)
    }

    /// The parameters of `AccountingSQL.updateCounters`.
    var counterColumns: [PGValue] { states.counterColumns + [.placeArray(places)] }
}
