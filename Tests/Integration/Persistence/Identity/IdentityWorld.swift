import Crypto
import Domain
import Persistence
import Postgres
import SharedTesting
import Synchronization

/// The two providers of a `DirectoryWorld`, each with an administrator, a viewer and a customer who sign in.
struct IdentityWorld {
    let directory: DirectoryWorld
    let one, two: People

    struct People: Sendable {
        let tenant: TenantID
        let admin, viewer, customer: User
    }

    static let now = DirectoryWorld.now
    static let lifetimes = TokenLifetimes()

    var ids: IDGenerator { directory.ids }

    init() async throws {
        directory = try await DirectoryWorld()
        one = try await Self.people(directory, directory.one)
        two = try await Self.people(directory, directory.two)
    }

    private static func people(_ directory: DirectoryWorld, _ branch: DirectoryWorld.Branch) async throws -> People {
        func user(_ role: Role) -> User {
            User(
                tenantID: branch.tenant,
                id: directory.ids.next(),
                email: "\(role.rawValue)@example.net",
                name: "\(role)",
                role: role,
                customerID: role == .customer ? branch.customer.id : nil
            )
        }
        let people = People(
            tenant: branch.tenant,
            admin: user(.tenantAdmin),
            viewer: user(.viewer),
            customer: user(.customer)
        )
        try await directory.within(branch.tenant) { transaction in
            for user in [people.admin, people.viewer, people.customer] {
                try await UserRepository(transaction).insert(user, IdentityChange(now: now, ids: directory.ids))
            }
        }
        return people
    }

    func change(_ offset: Duration = .zero, by actor: UserID? = nil) -> IdentityChange {
        IdentityChange(now: Self.now + offset, ids: ids, actorID: actor, sourceAddress: "192.0.2.7")
    }

    /// Runs the body over one tenant, on a connection of its own: others may do so at the same time.
    func apart<Success: Sendable>(
        _ tenant: TenantID,
        _ body: (ScopedTransaction) async throws -> Success
    ) async throws -> Success {
        let database = Database(url: directory.url, applicationName: "tests")
        do {
            let success = try await database.transaction(in: tenant, body)
            await database.close()
            return success
        } catch {
            await database.close()
            throw error
        }
    }

    /// Runs the body over one tenant so many times at once.
    func race<Success: Sendable>(
        _ count: Int,
        in tenant: TenantID,
        _ body: @escaping @Sendable (ScopedTransaction) async throws -> Success
    ) async throws -> [Success] {
        try await withThrowingTaskGroup(of: Success.self) { group in
            for _ in 0..<count { group.addTask { try await apart(tenant, body) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    func within<Success: Sendable>(
        _ tenant: TenantID,
        _ body: (ScopedTransaction) async throws -> Success
    ) async throws -> Success {
        try await directory.within(tenant, body)
    }

    /// A login of somebody with a refresh token of that digest.
    func login(_ user: User, token: [UInt8], at offset: Duration = .zero) async throws -> LoginSession {
        let session = LoginSession(
            tenantID: user.tenantID,
            id: ids.next(),
            userID: user.id,
            createdAt: Self.now + offset,
            expiresAt: Self.now + offset + Self.lifetimes.session,
            sourceAddress: "2001:db8::7",
            userAgent: "Firefox\0"
        )
        try await within(user.tenantID) {
            try await LoginSessionRepository($0).open(
                session,
                method: "password",
                token: token,
                lives: Self.lifetimes,
                change(offset)
            )
        }
        return session
    }

    /// The events of one kind that wait to be published, as their JSON.
    func events(_ subject: String) async throws -> [String] {
        try await directory.asRole("nexora_pipeline") { transaction in
            try await transaction.query("SELECT data FROM outbox WHERE subject = $1 ORDER BY id", [.text(subject)])
                .compactMap { $0[0].text }
        }
    }

    func close() async { await directory.close() }
}

/// 32 octets that stand for a digest.
func digest(_ number: Int) -> [UInt8] { Digest.sha256(Array("\(number)".utf8)) }
