package import Domain
import Postgres

extension PlanRepository {
    /// The plan's windows in their order, with their positions.
    package func windows(of plan: Plan) async throws -> [(position: Int, window: SpeedWindow)] {
        try await transaction.query(
            """
            SELECT position, days, start_minute, end_minute, \(SpeedColumns.names)
            FROM plan_speed_windows WHERE tenant_id = $1 AND plan_id = $2 ORDER BY position
            """,
            [.id(plan.tenantID), .id(plan.id)]
        ).map { row in (try row.need("position", \.int), try SpeedColumns.window(row)) }
    }

    /// Puts a window behind the plan's others and returns its position. The plan must be locked
    /// (`find(_:forUpdate:)`), else two that add at once may meet at one place.
    package func addWindow(_ window: SpeedWindow, to plan: Plan) async throws -> Int {
        try window.validate()
        let known = try await windows(of: plan)
        guard known.count < SpeedWindow.most else {
            throw ValidationError.single("windows", .outOfRange(minimum: 0, maximum: Int64(SpeedWindow.most)))
        }
        let position = (known.last?.position ?? 0) + 1
        _ = try await transaction.query(
            """
            INSERT INTO plan_speed_windows (tenant_id, plan_id, position, days, start_minute, end_minute,
                \(SpeedColumns.names))
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
            """,
            [
                .id(plan.tenantID), .id(plan.id), .int4(Int32(clamping: position)), .int4(Int32(window.days.rawValue)),
                .int4(Int32(clamping: window.start)), .int4(Int32(clamping: window.end)),
            ] + SpeedColumns.values(window.profile)
        )
        return position
    }

    /// Takes the window at a position away; the others keep theirs.
    package func removeWindow(position: Int, of plan: Plan) async throws {
        let rows = try await transaction.query(
            "DELETE FROM plan_speed_windows WHERE tenant_id = $1 AND plan_id = $2 AND position = $3",
            [.id(plan.tenantID), .id(plan.id), .int4(Int32(clamping: position))]
        )
        guard rows.affectedRows == 1 else { throw PersistenceError.notFound }
    }
}
