import Domain
import Persistence
import SharedTesting

@testable import APIGateway

extension EntityCase {
    /// What was asked of NASes, in every state; written by the provisioner alone.
    static let enforcements = EntityCase(Resource<EnforcementRecord>.enforcements, time: "requested_at") {
        plot,
        count,
        draw in
        for _ in 0..<count {
            let state = draw.choice(EnforcementState.allCases)
            let isOver = state.isFinal
            let reason = isOver || draw.chance(50) ? "'\(draw.choice(EnforcementReason.allCases).rawValue)'" : "NULL"
            try await plot.sql(
                """
                INSERT INTO enforcements (tenant_id, id, kind, cause, nas_id, session_id, admission_id, service_id, state, reason,
                    error_cause, trials, attempts, requested_at, stored_at, sent_at, answered_at, ended_at, next_at)
                VALUES ('\(plot.tenant)', uuid_v7(), '\(draw.choice(EnforcementKind.allCases).rawValue)',
                    '\(draw.choice(EnforcementCause.allCases).rawValue)', '\(draw.id())',
                    \(draw.chance(80) ? "'\(draw.id())'" : "NULL"), '\(draw.id())',
                    \(draw.chance(80) ? "'\(draw.id())'" : "NULL"), '\(state.rawValue)', \(reason),
                    \(draw.chance(20) ? "503" : "NULL"), '[{"kind": "disconnect", "set": "user-name", "outcome": "acknowledged"}]',
                    \(draw.whole(0...5)), now() - interval '\(draw.whole(2...60)) minutes', now() - interval '1 minute', now(),
                    now(), \(isOver ? "now(), NULL" : "NULL, now()"))
                """
            )
        }
        return count
    }
}
