/// Which prepared statements one connection has, by SQL text. Pure: the wire prepares and deallocates as told.
///
/// A statement is prepared with its parameters' types. NULL has none: it fits any, so that a call with a NULL reuses
/// what a call without prepared. A text may be held several times where its callers pass different types.
struct StatementCache {
    /// What to do before a statement can run.
    struct Plan: Equatable {
        let name: String
        /// The types to prepare `name` with; nil when it is prepared, or about to be.
        let prepare: [UInt32]?
    }

    private struct Statement {
        let name: String
        let types: [UInt32]
        var lastUse: UInt64
    }

    private let capacity: Int
    private var statements: [String: [Statement]] = [:]
    private var texts: [String: String] = [:]
    /// What made room and still stands on the server.
    private var evicted: [String] = []
    private var uses: UInt64 = 0

    init(capacity: Int = 256) {
        precondition(capacity > 0)
        self.capacity = capacity
    }

    var count: Int { texts.count }

    /// Finds or names the statement for `sql` with these parameters.
    mutating func plan(_ sql: String, _ parameters: [PGValue]) -> Plan {
        uses += 1
        var types = parameters.map(\.typeOID)
        if let known = statements[sql] {
            if let index = known.firstIndex(where: { Self.fits($0.types, types) }) {
                statements[sql]?[index].lastUse = uses
                return Plan(name: known[index].name, prepare: nil)
            }
            // Take over what is known of the places that are NULL now: the variants converge on one.
            if let model = known.last, model.types.count == types.count {
                for index in types.indices where types[index] == 0 { types[index] = model.types[index] }
            }
        }
        makeRoom()
        let name = "s\(uses)"
        statements[sql, default: []].append(Statement(name: name, types: types, lastUse: uses))
        texts[name] = sql
        return Plan(name: name, prepare: types)
    }

    /// The server does not have `name`: it refused to prepare it or never came to it.
    mutating func forget(name: String) {
        guard let sql = texts.removeValue(forKey: name) else { return }
        statements[sql]?.removeAll { $0.name == name }
        if statements[sql]?.isEmpty == true { statements[sql] = nil }
    }

    /// What made room since the last call and is to be deallocated.
    mutating func takeEvicted() -> [String] {
        defer { evicted = [] }
        return evicted
    }

    /// The server never came to deallocating those: they are due again.
    mutating func keepEvicted(_ names: [String]) { evicted += names }

    /// The server's plan of `sql` is stale or gone.
    mutating func forget(sql: String) {
        for statement in statements.removeValue(forKey: sql) ?? [] { texts[statement.name] = nil }
    }

    private static func fits(_ prepared: [UInt32], _ given: [UInt32]) -> Bool {
        prepared.count == given.count && zip(prepared, given).allSatisfy { $0 == $1 || $1 == 0 }
    }

    private mutating func makeRoom() {
        guard texts.count >= capacity else { return }
        let oldest = statements.values.joined().min { $0.lastUse < $1.lastUse }
        guard let oldest else { return }
        forget(name: oldest.name)
        evicted.append(oldest.name)
    }
}
