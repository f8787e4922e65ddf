import Domain
import Events
import Sockets

extension AccessDecided {
    init(_ decision: DecisionFeed.Decision) {
        let outcome: Outcome
        let reason: String
        switch decision.outcome {
        case .accept(_, let confined): (outcome, reason) = (.accept, confined.map { "\($0.name)" } ?? "")
        case .reject(let why): (outcome, reason) = (.reject, "\(why.name)")
        }
        self.init(
            username: decision.username,
            nasID: NASID(decision.nas),
            nasName: decision.nasName,
            outcome: outcome,
            reason: reason,
            method: "\(decision.method.name)",
            serviceID: decision.service.map(ServiceID.init),
            admissionID: decision.admission.map(AdmissionID.init),
            callingStationID: decision.callingStationID,
            decisionVersion: UInt32(AccessDecision.version),
            nasPort: decision.nasPort
        )
    }
}

extension PacketRefused {
    init(_ note: RefusalLog.Note) {
        self.init(
            reason: note.reason.name,
            sourceAddress: note.source.addressText,
            nasID: note.nas.map(NASID.init),
            nasName: note.nasName,
            code: UInt32(note.code),
            count: UInt64(note.count),
            remedy: note.reason.remedy,
            socket: note.socket.rawValue
        )
    }
}

extension DirectoryChange {
    init(_ event: DirectoryChanged) {
        let kind: Kind =
            switch event.kind {
            case .tenant: .tenant
            case .nas: .nas
            case .plan: .plan
            case .customer: .customer
            case .service: .service
            case .credential: .credential
            case .pool: .pool
            }
        self.init(kind: kind, ids: event.rows.map(\.id))
    }
}
