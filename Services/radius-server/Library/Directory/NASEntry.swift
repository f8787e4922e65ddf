import Crypto
import Domain
import Profiles

/// A NAS as the packet path needs it. Replaced as a whole when its row changes; `live` goes on.
final class NASEntry: Sendable {
    let id: UUID128
    let tenant: UInt32
    let name: String
    let vendor: NASVendor
    let range: AddressRange
    /// NAS-Identifier that a packet must carry; nil takes any.
    let identifier: [UInt8]?
    let secret: SharedSecret
    let requiresMessageAuthenticator: Bool
    let limitsProxyState: Bool
    let swapsOctets: Bool
    let isActive: Bool
    let poolNames: PoolNames
    /// The pools of ours that it names.
    let pools: NamedPools
    /// Attributes that its replies get or lose.
    let extras: [ReplyOperation]
    /// Nil follows this server's setting.
    let authRate: UInt32?
    let authBurst: UInt32?
    let version: Int64
    let live: NASLive

    init(row: NASRow, tenant: UInt32, pools: NamedPools, live: NASLive) {
        id = row.id
        self.tenant = tenant
        name = row.name
        vendor = row.vendor
        range = row.range
        identifier = row.identifier.map { Array($0.utf8) }
        secret = SharedSecret(row.secret)
        requiresMessageAuthenticator = row.requiresMessageAuthenticator
        limitsProxyState = row.limitsProxyState
        swapsOctets = row.swapsOctets
        isActive = row.isActive
        poolNames = row.pools
        self.pools = pools
        extras = row.extras
        authRate = row.authRate
        authBurst = row.authBurst
        version = row.version
        self.live = live
    }
}

extension NASEntry {
    /// The same NAS, whose names mean other pools now.
    func naming(_ pools: NamedPools) -> NASEntry {
        let row = NASRow(
            id: id,
            tenantID: .zero,
            name: name,
            range: range,
            identifier: identifier.map { String(decoding: $0, as: UTF8.self) },
            vendor: vendor,
            secret: secret.bytes,
            requiresMessageAuthenticator: requiresMessageAuthenticator,
            limitsProxyState: limitsProxyState,
            swapsOctets: swapsOctets,
            authRate: authRate,
            authBurst: authBurst,
            isActive: isActive,
            pools: poolNames,
            extras: extras,
            version: version
        )
        return NASEntry(row: row, tenant: tenant, pools: pools, live: live)
    }
}
