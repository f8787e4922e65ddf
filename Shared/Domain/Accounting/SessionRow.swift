/// A row while a batch is folded: what it was, what it is, and what the batch added to it so far.
struct SessionRow {
    var state: SessionState
    let isNew: Bool
    var changed: Bool
    private(set) var ranBackwards = false
    /// What the batch told of the terms the session was admitted under; no column holds it.
    private var termsDigest: UInt64?
    private var grantedUntil: Timestamp?
    private let wasOpen: Bool
    private let closedBefore: SessionEnd?
    private var input: Int64 = 0
    private var output: Int64 = 0
    private var sessions = 0
    private var seconds: Int64 = 0
    private var at: Timestamp

    init(stored state: SessionState) {
        self.state = state
        isNew = false
        changed = false
        wasOpen = state.isOpen
        closedBefore = state.closedBy
        at = .epoch
    }

    init(first record: AccountingRecord, key: UUID128) {
        state = SessionState(first: record, key: key)
        isNew = true
        changed = true
        wasOpen = false
        closedBefore = nil
        input = state.inputOctets
        output = state.outputOctets
        sessions = 1
        seconds = max(0, state.sessionSeconds)
        at = record.receivedAt
        termsDigest = record.termsDigest
        grantedUntil = record.grantedUntil
    }

    /// Microseconds between a record's start and the row's, the nearer of the two that the row knows.
    func distance(fromStart start: Timestamp) -> Int64 {
        let first = start.microseconds(since: state.startedAt).magnitude
        let latest = state.lastUpdateAt.adding(microseconds: -state.sessionSeconds * 1_000_000)
        let newest = start.microseconds(since: latest).magnitude
        return Int64(clamping: min(first, newest))
    }

    /// Takes in a record of this session.
    mutating func apply(_ record: borrowing AccountingRecord, mayReopen: Bool, flush deltas: inout [UsageDelta]) {
        let age = age(of: record)
        guard state.closedBy != .stop else {
            // A Stop that overtook reports is final, but not their octets.
            if age < state.sessionSeconds, record.statusType != .stop, countLate(record, age, flush: &deltas) {
                state.recordCount += 1
                changed = true
            }
            return
        }
        var counted = false
        if age > state.sessionSeconds {
            count(record, age, later: true, flush: &deltas)
            overwriteDetails(record)
            book(seconds: age - max(0, state.sessionSeconds), receivedAt: record.receivedAt, flush: &deltas)
            state.sessionSeconds = age
            state.lastUpdateAt = max(state.lastUpdateAt, record.takenAt)
            counted = true
            if let end = state.endedAt, mayReopen, record.statusType != .stop,
                record.takenAt > end.adding(microseconds: SessionRules.rounding)
            {
                state.reopen()
                termsDigest = record.termsDigest
                grantedUntil = record.grantedUntil
            }
        } else if age == state.sessionSeconds || record.statusType == .stop {
            // A Stop has the last word even when an interim's age was rounded above its own.
            counted = count(record, age, later: false, flush: &deltas)
        } else {
            counted = countLate(record, age, flush: &deltas)
        }
        if fillDetails(record) { counted = true }
        if record.statusType == .stop {
            state.close(.stop, at: record.takenAt, cause: record.terminateCause)
            counted = true
        }
        if counted {
            state.recordCount += 1
            changed = true
        }
    }

    /// The session's age in whole seconds; reckoned from the row's start where the record does not say.
    private func age(of record: borrowing AccountingRecord) -> Int64 {
        guard record.sessionSeconds == 0, record.statusType != .start else { return Int64(record.sessionSeconds) }
        return max(0, record.takenAt.microseconds(since: state.startedAt) / 1_000_000)
    }

    // MARK: - Octets

    /// Returns whether a counter moved.
    @discardableResult
    private mutating func count(
        _ record: borrowing AccountingRecord,
        _ age: Int64,
        later: Bool,
        flush deltas: inout [UsageDelta]
    ) -> Bool {
        let knowsGigawords = knowsGigawords(record)
        let inputStep = OctetCounter.step(
            from: state.rawInputOctets,
            to: max(0, record.inputOctets),
            later: later,
            mayWrap: !knowsGigawords && record.inputPackets >= state.inputPackets
        )
        let outputStep = OctetCounter.step(
            from: state.rawOutputOctets,
            to: max(0, record.outputOctets),
            later: later,
            mayWrap: !knowsGigawords && record.outputPackets >= state.outputPackets
        )
        let known = newestReading
        if inputStep.raw < known.input || outputStep.raw < known.output {
            let isReset = inputStep.isReset || outputStep.isReset
            let now = CounterFall.Reading(seconds: age, input: inputStep.raw, output: outputStep.raw)
            state.counterFall = CounterFall(before: known, after: now, isReset: isReset)
            if isReset { ranBackwards = true }
        }
        state.rawInputOctets = inputStep.raw
        state.rawOutputOctets = outputStep.raw
        state.inputPackets = max(state.inputPackets, record.inputPackets)
        state.outputPackets = max(state.outputPackets, record.outputPackets)
        return book(inputStep.added, outputStep.added, receivedAt: record.receivedAt, flush: &deltas)
    }

    /// Counts what a late report knows of a counter that fell; any other adds nothing. Returns whether it did.
    private mutating func countLate(
        _ record: borrowing AccountingRecord,
        _ age: Int64,
        flush deltas: inout [UsageDelta]
    ) -> Bool {
        let late = CounterFall.Reading(
            seconds: age,
            input: max(0, record.inputOctets),
            output: max(0, record.outputOctets)
        )
        guard let fall = fall(around: late, record) else { return false }
        let step = fall.inserting(late)
        guard book(step.input, step.output, receivedAt: record.receivedAt, flush: &deltas) else { return false }
        state.counterFall = step.fall
        return true
    }

    /// The fall that a late report lies within: the known one, or one that the report itself shows, because its counter is
    /// above the newest report's.
    private mutating func fall(
        around late: CounterFall.Reading,
        _ record: borrowing AccountingRecord
    ) -> CounterFall? {
        let newest = newestReading
        if let fall = state.counterFall, late.seconds <= fall.after.seconds {
            return late.seconds > fall.before.seconds && late.seconds < fall.after.seconds ? fall : nil
        }
        // Reports of nearly one age may be in either order: ages are cut to whole seconds. And where octets were added that
        // no known fall explains, the row is older than the memory of falls.
        guard late.input > newest.input || late.output > newest.output,
            newest.seconds - late.seconds > SessionRules.rounding / 1_000_000,
            state.counterFall != nil || state.inputOctets == newest.input && state.outputOctets == newest.output
        else { return nil }
        let isReset =
            knowsGigawords(record) || record.inputPackets > state.inputPackets
            || record.outputPackets > state.outputPackets
        if isReset { ranBackwards = true }
        let before = CounterFall.Reading(
            seconds: late.seconds,
            input: min(late.input, newest.input),
            output: min(late.output, newest.output)
        )
        return CounterFall(before: before, after: newest, isReset: isReset)
    }

    private var newestReading: CounterFall.Reading {
        .init(seconds: state.sessionSeconds, input: state.rawInputOctets, output: state.rawOutputOctets)
    }

    /// Whether the NAS counts beyond 32 bits, so that nothing of it wraps.
    private func knowsGigawords(_ record: borrowing AccountingRecord) -> Bool {
        record.hasGigawords || state.rawInputOctets > OctetCounter.lastOf32Bits
            || state.rawOutputOctets > OctetCounter.lastOf32Bits
    }

    /// Adds octets to the row and to what is to be billed. Returns whether there were any.
    private mutating func book(
        _ addedInput: Int64,
        _ addedOutput: Int64,
        receivedAt: Timestamp,
        flush deltas: inout [UsageDelta]
    ) -> Bool {
        guard addedInput > 0 || addedOutput > 0 else { return false }
        turn(to: receivedAt, flush: &deltas)
        input += OctetCounter.add(addedInput, to: &state.inputOctets)
        output += OctetCounter.add(addedOutput, to: &state.outputOctets)
        at = max(at, receivedAt)
        return true
    }

    /// Adds time online to what is to be billed.
    private mutating func book(seconds added: Int64, receivedAt: Timestamp, flush deltas: inout [UsageDelta]) {
        guard added > 0 else { return }
        turn(to: receivedAt, flush: &deltas)
        seconds += added
        at = max(at, receivedAt)
    }

    /// What was added on another day is booked on that day.
    private mutating func turn(to receivedAt: Timestamp, flush deltas: inout [UsageDelta]) {
        if hasAdded, at.day != receivedAt.day { flushUsage(to: &deltas) }
    }

    private var hasAdded: Bool { input > 0 || output > 0 || sessions > 0 || seconds > 0 }

    // MARK: - Details

    /// What a newer report knows replaces what is known.
    private mutating func overwriteDetails(_ record: borrowing AccountingRecord) {
        if !record.calledStationID.isEmpty { state.calledStationID = record.calledStationID }
        if let value = record.nasPortID { state.nasPortID = value }
        if let value = record.framedIPv4 { state.framedIPv4 = value }
        if let value = record.framedIPv6Prefix { state.framedIPv6Prefix = value }
        if let value = record.framedIPv6Address { state.framedIPv6Address = value }
        if let value = record.delegatedIPv6Prefix { state.delegatedIPv6Prefix = value }
        if let value = record.sourceAddress { state.nasAddress = value }
    }

    /// Any report, a late one too, adds what is not known yet. Returns whether it did.
    private mutating func fillDetails(_ record: borrowing AccountingRecord) -> Bool {
        var filled = false
        func fill<Value>(_ known: inout Value?, _ told: Value?) {
            guard known == nil, let told else { return }
            known = told
            filled = true
        }
        // Whose octets these are is settled by the first record that knows; a service and its customer come together.
        if state.serviceID == nil, record.serviceID != nil {
            state.serviceID = record.serviceID
            state.customerID = record.customerID
            filled = true
        }
        fill(&state.admissionID, record.admissionID)
        if termsDigest == nil {
            termsDigest = record.termsDigest
            grantedUntil = record.grantedUntil
        }
        fill(&state.nasPortID, record.nasPortID)
        fill(&state.framedIPv4, record.framedIPv4)
        fill(&state.framedIPv6Prefix, record.framedIPv6Prefix)
        fill(&state.framedIPv6Address, record.framedIPv6Address)
        fill(&state.delegatedIPv6Prefix, record.delegatedIPv6Prefix)
        fill(&state.nasAddress, record.sourceAddress)
        if state.calledStationID.isEmpty, !record.calledStationID.isEmpty {
            state.calledStationID = record.calledStationID
            filled = true
        }
        return filled
    }

    // MARK: - Results

    /// Books what was added so far, if anything was.
    mutating func flushUsage(to deltas: inout [UsageDelta]) {
        guard hasAdded else { return }
        deltas.append(
            UsageDelta(
                tenantID: state.tenantID,
                sessionID: state.id,
                serviceID: state.serviceID,
                customerID: state.customerID,
                inputOctets: input,
                outputOctets: output,
                sessions: sessions,
                seconds: seconds,
                at: at
            )
        )
        input = 0
        output = 0
        sessions = 0
        seconds = 0
    }

    /// Tells what became of the session, by what it was before the batch and is after it.
    func tell(_ events: inout [SessionLifecycle]) {
        if isNew || !wasOpen && state.isOpen {
            events.append(
                .started(state, reopened: !isNew, termsDigest: termsDigest, grantedUntil: grantedUntil)
            )
        }
        guard let end = state.closedBy else { return }
        if isNew || wasOpen || end != closedBefore {
            events.append(.stopped(state, amended: !isNew && !wasOpen))
        }
    }
}
