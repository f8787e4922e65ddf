import Domain
import Identity
import Persistence
import SharedTesting
import Testing

/// Lawful interception is its officer's alone: who may do everything else makes officers, shuts and removes them, and gets hold
/// of none.
@Suite(.proves("IAM-17", "IAM-27")) struct OfficerTests {
    @Test func `the super administrator cannot become an officer that there is`() async throws {
        let world = try await AccountsWorld()
        let root = try await world.principal(try await world.person(.superAdmin, "root", in: world.operatorID))
        let officer = try await world.person(.interceptOfficer, "officer")
        let viewer = try await world.person(.viewer, "viewer")
        let (accounts, from) = (world.accounts, { world.elsewhere() })
        func update(_ user: User, _ changes: UserChanges) async throws -> IdentityRefusal? {
            let version = try #require(try await world.stored(user)?.stamp?.version)
            return try await refusal {
                try await accounts.updateUser(user.id, changes, expecting: version, by: root, from: from())
            }
        }
        let refused = IdentityRefusal.forbidden(.beyondOwnPermissions)
        for changes in [
            UserChanges(email: "mine@example.net"), UserChanges(name: "X"), UserChanges(role: .viewer),
            UserChanges(mustChangePassword: true), UserChanges(email: "mine@example.net", isActive: false),
        ] { #expect(try await update(officer, changes) == refused, "\(changes)") }
        #expect(try await update(viewer, UserChanges(role: .interceptOfficer)) == refused)
        #expect(try await refusal { try await accounts.inviteAgain(officer.id, by: root, from: from()) } == refused)
        #expect(try await refusal { try await accounts.unlock(officer.id, by: root, from: from()) } == refused)
        #expect(try await refusal { try await accounts.removeTOTP(officer.id, by: root, from: from()) } == refused)
        #expect(try await refusal { try await accounts.endSessions(of: officer.id, by: root, from: from()) } == refused)
        #expect(try await refusal { try await accounts.sessions(of: officer.id, by: root, from: from()) } == refused)
        let key = NewAPIKey(owner: officer.id, name: "key", scopes: [.interceptRead])
        #expect(try await refusal { try await accounts.createAPIKey(key, by: root, from: from()) } == refused)

        #expect(try await update(officer, UserChanges(isActive: false)) == nil)
        let version = try #require(try await world.stored(officer)?.stamp?.version)
        try await accounts.deleteUser(officer.id, expecting: version, by: root, from: from())
        let wanted = NewUser(tenantID: world.one, email: "new@example.net", name: "N", role: .interceptOfficer)
        #expect(try await accounts.createUser(wanted, by: root, from: from()).role == .interceptOfficer)
        try await world.close()
    }

    @Test func `no API key makes, shuts or removes an officer`() async throws {
        let world = try await AccountsWorld()
        let root = try await world.principal(try await world.person(.superAdmin, "root", in: world.operatorID))
        let officer = try await world.person(.interceptOfficer, "officer")
        let (accounts, from) = (world.accounts, { world.elsewhere() })
        let scopes = Role.viewer.permissions.union([.usersCreate, .usersAssignRole, .usersUpdate, .usersDelete])
        let key = try await accounts.createAPIKey(NewAPIKey(name: "key", scopes: scopes), by: root, from: from())
        let program = try await accounts.authenticate(apiKey: key.text, from: from().address)
        let wanted = NewUser(tenantID: world.one, email: "new@example.net", name: "N", role: .interceptOfficer)
        #expect(
            try await refusal { try await accounts.createUser(wanted, by: program, from: from()) } == .sessionRequired
        )
        let version = try #require(try await world.stored(officer)?.stamp?.version)
        let shut = UserChanges(isActive: false)
        #expect(
            try await refusal {
                try await accounts.updateUser(officer.id, shut, expecting: version, by: program, from: from())
            } == .sessionRequired
        )
        #expect(
            try await refusal {
                try await accounts.deleteUser(officer.id, expecting: version, by: program, from: from())
            } == .sessionRequired
        )
        var viewer = wanted
        viewer.role = .viewer
        #expect(try await accounts.createUser(viewer, by: program, from: from()).role == .viewer)
        try await world.close()
    }
}
