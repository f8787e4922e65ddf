import CPostgres

/// What one group of statements, closed by one sync, still has to hear from the server. Pure bookkeeping.
struct PipelineReply {
    /// One command that was sent.
    enum Step: Equatable {
        case prepare(name: String)
        case deallocate(name: String)
        /// The statement's place in the caller's group.
        case execute(Int)
        case sync
    }

    /// What the connection's statement cache has to unlearn.
    private(set) var unprepared: [String] = []
    /// What the server was to deallocate and did not come to.
    private(set) var undeallocated: [String] = []
    /// The first refusal; everything after it was skipped and, outside an explicit transaction, all of it undone.
    private(set) var error: PostgresError?
    private(set) var results: [PGRows] = []
    private let steps: [Step]
    private var position = 0
    private var hasResult = false

    init(steps: [Step]) {
        precondition(steps.last == .sync)
        self.steps = steps
    }

    /// Whether the sync has been answered: nothing of this group is outstanding.
    var isComplete: Bool { position == steps.count }

    /// Takes what PQgetResult returned; nil closes one command's results. False: the connection's order is broken.
    mutating func take(_ result: ResultHandle?) -> Bool {
        guard position < steps.count else { return false }
        guard let result else {
            guard hasResult else { return false }
            hasResult = false
            position += 1
            return true
        }
        if result.status == PGRES_PIPELINE_SYNC {
            guard steps[position] == .sync else { return false }
            position += 1
            return true
        }
        hasResult = true
        switch steps[position] {
        case .sync: return false
        case .deallocate(let name):
            if result.status == PGRES_PIPELINE_ABORTED { undeallocated.append(name) }
            note(result, index: nil)
        case .prepare(let name):
            if !note(result, index: nil) { unprepared.append(name) }
        case .execute(let index):
            if note(result, index: index) { results.append(PGRows(result)) }
        }
        return true
    }

    @discardableResult
    private mutating func note(_ result: ResultHandle, index: Int?) -> Bool {
        switch result.status {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: return true
        case PGRES_PIPELINE_ABORTED: return false
        default:
            if error == nil { error = result.error().at(statement: index ?? nextStatement) }
            return false
        }
    }

    /// A statement that cannot be prepared is told as that statement's failure.
    private var nextStatement: Int {
        for case .execute(let index) in steps[position...] { return index }
        return 0
    }
}
