import Domain
import Events
import Testing
import WireFormat

/// One of everything, with fixed values, for goldens and round trips.
enum Samples {
    static let tenant = TenantID(id(1))
    static let nas = NASID(id(2))
    static let service = ServiceID(id(3))
    static let customer = CustomerID(id(4))
    static let admission = AdmissionID(id(5))
    static let session = SessionID(id(6))
    static let event = EventID(id(7))
    static let pool = PoolID(id(8))
    static let time = Timestamp(microseconds: 1_795_168_800_123_456)

    static func id(_ number: UInt64) -> UUID128 {
        UUID128(high: 0x0192_a3b4_0000_7000, low: 0x8000_0000_0000_0000 | number)
    }

    static let fullRecord = AccountingRecord(
        id: event,
        tenantID: tenant,
        nasID: nas,
        nasName: "edge-1",
        statusType: .stop,
        receivedAt: time,
        delaySeconds: 3,
        sessionSeconds: 86_400,
        acctSessionID: "81000a3f \"quoted\" ü\u{1}",
        username: "alice@example.net",
        serviceID: service,
        customerID: customer,
        admissionID: admission,
        callingStationID: "00:11:22:33:44:55",
        calledStationID: "pppoe-1",
        nasPort: 15_728_640,
        nasPortID: "ether1.100",
        nasIdentifier: "edge-1",
        nasIPAddress: "192.0.2.1",
        framedIPv4: "100.64.0.7",
        framedIPv6Prefix: "2001:db8:1::/64",
        framedIPv6Address: "2001:db8:1::7",
        delegatedIPv6Prefix: "2001:db8:1:100::/56",
        inputOctets: 4_294_967_296,
        outputOctets: 9_007_199_254_740_993,
        hasGigawords: true,
        inputPackets: 12,
        outputPackets: 34,
        terminateCause: 1,
        eventTimestamp: Timestamp(secondsSince1970: 1_795_168_797),
        decisionVersion: 4_294_967_295,
        termsDigest: .max,
        grantedUntil: Timestamp(secondsSince1970: 1_797_760_800),
        sourceAddress: "198.51.100.7"
    )

    static let minimalRecord = AccountingRecord(
        id: event,
        tenantID: tenant,
        nasID: nas,
        statusType: .start,
        receivedAt: time
    )
}

extension Samples {
    /// One event, ready to be compared.
    struct Sample: Sendable, CustomTestStringConvertible {
        let name: String
        let subject: String
        let json: [UInt8]
        /// Whether the JSON reads as this event.
        let readBack: @Sendable ([UInt8]) throws -> Bool

        var testDescription: String { name }
    }

    static let identity = SessionIdentity(
        sessionID: session,
        nasID: nas,
        serviceID: service,
        customerID: customer,
        admissionID: admission,
        username: "alice@example.net",
        acctSessionID: "81000a3f",
        callingStationID: "00:11:22:33:44:55",
        nasPortID: "ether1.100",
        framedIPv4: "100.64.0.7",
        framedIPv6Prefix: "2001:db8:1::/64",
        framedIPv6Address: "2001:db8:1::7",
        delegatedIPv6Prefix: "2001:db8:1:100::/56"
    )

    static let bareIdentity = SessionIdentity(
        sessionID: session,
        nasID: nas,
        username: "",
        acctSessionID: "",
        callingStationID: ""
    )

    /// Each kind of event with every member set, and with no more than it must have.
    static let events: [Sample] =
        [
            accounting("AccountingRecorded", [fullRecord, nextRecord]),
            accounting("AccountingRecorded.minimal", [minimalRecord]),
            sample(
                "SessionStarted",
                SessionStarted(
                    session: identity,
                    startedAt: time,
                    reopened: true,
                    termsDigest: 9_007_199_254_740_993,
                    grantedUntil: Timestamp(secondsSince1970: 1_797_760_800)
                ),
                bare: false
            ),
            sample("SessionStarted.minimal", SessionStarted(session: bareIdentity, startedAt: .epoch, reopened: false)),
            sample(
                "SessionStopped",
                SessionStopped(
                    session: identity,
                    startedAt: time,
                    endedAt: time + .seconds(600),
                    closedBy: .nasReboot,
                    terminateCause: 0,
                    sessionSeconds: 600,
                    inputOctets: 123,
                    outputOctets: .max,
                    amended: true
                ),
                bare: false
            ),
            sample(
                "SessionStopped.minimal",
                SessionStopped(
                    session: bareIdentity,
                    startedAt: .epoch,
                    endedAt: time,
                    closedBy: .stop,
                    terminateCause: nil,
                    sessionSeconds: 0,
                    inputOctets: 0,
                    outputOctets: 0,
                    amended: false
                )
            ),
            sample(
                "UsageAdvanced",
                UsageAdvanced(deltas: [
                    .init(
                        serviceID: service,
                        sessionID: session,
                        customerID: customer,
                        inputOctets: 1,
                        outputOctets: 4_294_967_296,
                        seconds: 300,
                        at: time
                    ),
                    .init(
                        serviceID: service,
                        sessionID: session,
                        customerID: nil,
                        inputOctets: 0,
                        outputOctets: 0,
                        at: .epoch
                    ),
                ]),
                bare: false
            ),
            sample("UsageAdvanced.minimal", UsageAdvanced(deltas: [])),
            sample(
                "PacketRefused.minimal",
                PacketRefused(reason: "malformed", sourceAddress: "", code: 0, count: 0, remedy: "")
            ),
            sample(
                "PacketRefused",
                PacketRefused(
                    reason: "bad_authenticator",
                    sourceAddress: "192.0.2.1",
                    nasID: nas,
                    nasName: "edge-1",
                    code: 4,
                    count: .max,
                    remedy: "Set the same secret on both sides.",
                    socket: "acct"
                ),
                bare: false
            ),
            sample("PoolExhausted.minimal", PoolExhausted(poolID: pool, poolName: "", count: 0)),
            sample(
                "PoolExhausted",
                PoolExhausted(poolID: pool, poolName: "homes", nasID: nas, serviceID: service, count: 7),
                bare: false
            ),
            sample("AddressConflict.minimal", AddressConflict(unit: "192.0.2.7/32", reason: "")),
            sample(
                "AddressConflict",
                AddressConflict(
                    unit: "2001:db8:1:100::/56",
                    poolID: pool,
                    holderServiceID: service,
                    serviceID: ServiceID(id(9)),
                    nasID: nas,
                    reason: "claimed"
                ),
                bare: false
            ),
            sample(
                "PoolUtilisationHigh",
                PoolUtilisationHigh(poolID: pool, poolName: "homes", used: 921, usable: 1_021),
                bare: false
            ),
            sample(
                "CountersImplausible",
                CountersImplausible(
                    sessionID: SessionID(id(21)),
                    nasID: nas,
                    serviceID: service,
                    suspicion: .swappedDirections,
                    inputBitsPerSecond: 48_000_000,
                    outputBitsPerSecond: 2_000_000,
                    planUploadBitsPerSecond: 10_000_000,
                    planDownloadBitsPerSecond: 50_000_000,
                    sessions: 7
                ),
                bare: false
            ),
            sample(
                "CountersImplausible.abovePlan",
                CountersImplausible(sessionID: SessionID(id(21)), nasID: nas, suspicion: .abovePlan),
                bare: false
            ),
            sample(
                "CountersImplausible.ranBackwards",
                CountersImplausible(sessionID: SessionID(id(21)), nasID: nas, suspicion: .ranBackwards),
                bare: false
            ),
            sample(
                "CountersImplausible.minimal",
                CountersImplausible(sessionID: SessionID(id(21)), nasID: nas, suspicion: .impossibleRate, sessions: 0)
            ),
            sample(
                "DeviceBound",
                DeviceBound(
                    serviceID: service,
                    username: "alice@example.net",
                    hardwareAddress: "00:11:22:33:44:55",
                    bindingGeneration: 2,
                    nasID: nas
                ),
                bare: false
            ),
            sample("AccessDecided.minimal", AccessDecided(username: "", nasID: nas, outcome: .accept)),
            sample(
                "AccessDecided",
                AccessDecided(
                    username: "alice@example.net",
                    nasID: nas,
                    nasName: "edge-1",
                    outcome: .reject,
                    reason: "wrong_password",
                    method: "mschapv2",
                    serviceID: service,
                    customerID: customer,
                    admissionID: admission,
                    callingStationID: "00:11:22:33:44:55",
                    decisionVersion: 1,
                    nasPort: 7
                ),
                bare: false
            ),
            sample(
                "DecisionsSkipped",
                DecisionsSkipped(accepts: 3, rejects: .max, since: time, server: "radius-1"),
                bare: false
            ),
            sample("DecisionsSkipped.minimal", DecisionsSkipped(accepts: 0, rejects: 0, since: time, server: "")),
            sample(
                "DisconnectRequested",
                DisconnectRequested(
                    admissionID: admission,
                    nasID: nas,
                    serviceID: service,
                    reason: .sessionLimit,
                    replacedBy: admission,
                    sessionID: session,
                    operationID: event.value
                ),
                bare: false
            ),
            sample(
                "DisconnectRequested.asked",
                DisconnectRequested(
                    admissionID: nil,
                    nasID: nas,
                    serviceID: nil,
                    reason: .requested,
                    sessionID: session,
                    operationID: event.value
                )
            ),
            sample(
                "ReconcileRequested",
                ReconcileRequested(sessionID: session, nasID: nas, serviceID: service, operationID: event.value),
                bare: false
            ),
            sample("ReconcileRequested.minimal", ReconcileRequested(sessionID: session, nasID: nas)),
            sample(
                "EnforcementEnded",
                EnforcementEnded(
                    enforcementID: EnforcementID(id(9)),
                    kind: "disconnect",
                    outcome: "failed",
                    cause: "requested",
                    reason: "refused",
                    errorCause: 504,
                    nasID: nas,
                    sessionID: session,
                    admissionID: admission,
                    serviceID: service,
                    operationID: event.value,
                    attempts: 2,
                    answeredAfter: 12,
                    endedAfter: 9_007_199_254_740_993
                ),
                bare: false
            ),
            sample(
                "EnforcementEnded.minimal",
                EnforcementEnded(
                    enforcementID: EnforcementID(id(9)),
                    kind: "",
                    outcome: "",
                    cause: "",
                    reason: "",
                    nasID: nas
                )
            ),
            sample(
                "LifecycleChanged",
                LifecycleChanged(
                    runID: LifecycleRunID(id(9)),
                    serviceID: service,
                    customerID: customer,
                    kind: "activate",
                    state: "rolled_back",
                    reason: "adapter_missing",
                    operationID: event.value
                ),
                bare: false
            ),
            sample(
                "LifecycleChanged.minimal",
                LifecycleChanged(
                    runID: LifecycleRunID(id(9)),
                    serviceID: service,
                    customerID: customer,
                    kind: "",
                    state: ""
                )
            ),
            sample(
                "MessageDeadLettered",
                MessageDeadLettered(
                    stream: "ACCOUNTING",
                    consumer: "accounting-writers",
                    originalSubject: "accounting.sessions.x.y",
                    messageID: event.description,
                    reason: "cannot be decoded",
                    deliveries: 5
                ),
                bare: false
            ),
        ]
        + [AccountingStatus.interimUpdate, .accountingOn, .accountingOff].map { status in
            var record = minimalRecord
            record.statusType = status
            return accounting("AccountingRecorded.\(status)", [record])
        }
        + [SessionEnd.reaper, .replaced].map { end in
            sample(
                "SessionStopped.\(end)",
                SessionStopped(
                    session: bareIdentity,
                    startedAt: .epoch,
                    endedAt: time,
                    closedBy: end,
                    terminateCause: nil,
                    sessionSeconds: 0,
                    inputOctets: 0,
                    outputOctets: 0,
                    amended: false
                )
            )
        }
        + GuardSamples.events + IdentitySamples.events + TenancySamples.events + ExportSamples.events
        + LedgerSamples.events + BillingSamples.events + QuotaSamples.events + DeviceSamples.events
        + NoticeSamples.events
        + WebhookSamples.events
        + [sample("AccessDecided.challenge", AccessDecided(username: "", nasID: nas, outcome: .challenge))]
        + DirectoryChanged.Kind.allCases.map { kind in
            sample(
                "DirectoryChanged.\(kind)",
                DirectoryChanged(
                    kind: kind,
                    deleted: kind == .nas,
                    rows: [.init(id: id(3), version: 42), .init(id: id(4), version: .max)]
                ),
                bare: kind != .nas
            )
        }

    /// Another record of the same NAS.
    private static let nextRecord: AccountingRecord = {
        var record = fullRecord
        record.id = EventID(id(8))
        record.receivedAt = time + .milliseconds(1)
        return record
    }()

    private static func accounting(_ name: String, _ records: [AccountingRecord]) -> Sample {
        let message = AccountingRecorded(source: "/tests", records: records)
        var writer = JSONWriter()
        message.encode(into: &writer)
        return Sample(
            name: name,
            subject: Subjects.accounting(tenant: tenant, nas: nas),
            json: writer.bytes,
            readBack: { try AccountingRecorded(decoding: $0) == message }
        )
    }

    static func sample<Payload: EventPayload & Equatable>(
        _ name: String,
        _ payload: Payload,
        bare: Bool = true
    ) -> Sample {
        let event = Event(
            id: event,
            source: "/tests",
            time: time,
            tenantID: tenant,
            correlationID: bare ? nil : "request-1",
            traceparent: bare ? nil : "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            payload: payload
        )
        var writer = JSONWriter()
        event.encode(into: &writer)
        return Sample(
            name: name,
            subject: Subjects.event(Payload.self, tenant: tenant),
            json: writer.bytes,
            readBack: { bytes in
                let envelope = try EventEnvelope(decoding: bytes)
                return try Event<Payload>(decoding: bytes) == event && envelope.payload(Payload.self) == payload
                    && envelope.type == Payload.type && envelope.correlationID == event.correlationID
            }
        )
    }
}
