/// A session of PPP that is up. Its mirror shows nothing of whose it is.
package struct ActiveSession: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    /// How the router calls it: `*8000001A`.
    package let id: String
    package let name: String
    package let service: String
    /// The subscriber's MAC address, for PPPoE.
    package let callerID: String?
    package let address: String?
    /// Acct-Session-Id.
    package let sessionID: String?
    package let uptime: Duration?
    /// Whether RADIUS let it in, and not a secret of the router's own.
    package let isRADIUS: Bool

    init?(_ row: RouterRow) {
        guard let id = row.id, let name = row["name"] else { return nil }
        self.id = id
        self.name = name
        service = row["service"] ?? ""
        callerID = row["caller-id"]
        address = row["address"]
        sessionID = row["session-id"]
        uptime = row["uptime"].flatMap(RouterText.duration)
        isRADIUS = RouterText.flag(row["radius"])
    }

    package var description: String { "session \(id)" }
    package var customMirror: Mirror { Mirror(self, children: ["id": id, "service": service]) }
}

/// `/ppp/active`. Everything here may be done twice.
package struct ActiveSessions: Sendable {
    private let menu: Menu

    package init(_ runner: any CommandRunner) { menu = Menu("/ppp/active", runner) }

    /// All that are up.
    package func list() async throws(RouterOSError) -> [ActiveSession] {
        try await menu.find([]).compactMap(ActiveSession.init)
    }

    /// Those of a name.
    package func find(_ name: String) async throws(RouterOSError) -> [ActiveSession] {
        try await menu.find([("name", name)]).compactMap(ActiveSession.init)
    }

    /// Ends every session of a name; false where none was up. The subscriber's equipment dials again at once, and is let in under
    /// what holds for him then.
    @discardableResult
    package func disconnect(_ name: String) async throws(RouterOSError) -> Bool {
        try await menu.remove([("name", name)])
    }

    /// Ends one session, by its Acct-Session-Id; false where it was not up.
    @discardableResult
    package func disconnect(sessionID: String) async throws(RouterOSError) -> Bool {
        try await menu.remove([("session-id", sessionID)])
    }
}
