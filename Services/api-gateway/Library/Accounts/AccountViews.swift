import Domain
import Identity
import Persistence

/// How accounts, sessions and keys go out.
enum AccountViews {
    static let user = View<User>([
        .init("id", .uuid) { .id($0.id) }, .init("tenant_id", .uuid) { .id($0.tenantID) },
        .init("email", .text()) { .text($0.email) }, .init("name", .text()) { .text($0.name) },
        .init("role", roles) { .text($0.role.rawValue) },
        .init("customer_id", .nullable(.uuid)) { .id($0.customerID) },
        .init("is_active", .boolean) { .boolean($0.isActive) },
        .init("must_change_password", .boolean) { .boolean($0.mustChangePassword) },
        .init("has_totp", .boolean) { .boolean($0.hasTOTP) },
        .init("has_password", .boolean) { .boolean($0.hasPassword) },
        .init("email_verified_at", .nullable(.time)) { .time($0.emailVerifiedAt) },
        .init("last_login_at", .nullable(.time)) { .time($0.lastLoginAt) },
        .init("granted", .list(.text())) { .texts($0.grants.granted.map(\.rawValue).sorted()) },
        .init("denied", .list(.text())) { .texts($0.grants.denied.map(\.rawValue).sorted()) },
        .init("permissions", .list(.text())) { .texts($0.permissions.map(\.rawValue).sorted()) },
        .init("version", .integer(0...Int64.max)) { .integer($0.stamp?.version ?? 0) },
        .init("created_at", .nullable(.time)) { .time($0.stamp?.createdAt) },
        .init("updated_at", .nullable(.time)) { .time($0.stamp?.updatedAt) },
    ])

    static let session = View<LoginSession>([
        .init("id", .uuid) { .id($0.id) }, .init("user_id", .uuid) { .id($0.userID) },
        .init("created_at", .time) { .time($0.createdAt) }, .init("last_used_at", .time) { .time($0.lastUsedAt) },
        .init("expires_at", .time) { .time($0.expiresAt) },
        .init("source_address", .text()) { .text($0.sourceAddress) },
        .init("user_agent", .text()) { .text($0.userAgent) },
        .init("ended_at", .nullable(.time)) { .time($0.end?.at) },
        .init("end_reason", .nullable(.text())) { .text($0.end?.reason.rawValue) },
    ])

    static let key = View<APIKey>([
        .init("id", .uuid) { .id($0.id) }, .init("tenant_id", .uuid) { .id($0.tenantID) },
        .init("user_id", .uuid) { .id($0.userID) }, .init("name", .text()) { .text($0.name) },
        .init("prefix", .text()) { .text($0.prefix) },
        .init("scopes", .list(.text())) { .texts($0.scopes.map(\.rawValue).sorted()) },
        .init("addresses", .list(.text())) { .texts($0.addresses.map(\.description)) },
        .init("expires_at", .nullable(.time)) { .time($0.expiresAt) },
        .init("last_used_at", .nullable(.time)) { .time($0.lastUsedAt) },
        .init("revoked_at", .nullable(.time)) { .time($0.revokedAt) },
        .init("created_at", .time) { .time($0.createdAt) },
    ])

    static let roles = Schema.choice(Role.allCases.map(\.rawValue))
}

extension InputKind where Value == Permission {
    static var permission: InputKind { .choice() }
}

extension InputKind where Value == Set<Permission> {
    /// What a name stands for, in the spellings of other specifications too (IAM-15): `subscribers:write`, `read:wallet`.
    static var permissions: InputKind {
        InputKind(.text(100), "the name of a permission, such as customers.read or subscribers:write") { value in
            guard let text = value.text else { return nil }
            let named = Permission.named(text)
            return named.isEmpty ? nil : named
        }
    }
}
