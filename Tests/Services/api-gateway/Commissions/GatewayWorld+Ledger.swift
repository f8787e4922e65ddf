import Billing
import Domain
import Ledger
import Persistence
import Postgres
import SharedTesting
import Testing

@testable import APIGateway

/// Money in the ledger, as billing-worker would write it.
extension GatewayWorld {
    /// Carries out charges of customers and what else is asked for, in euros, in one batch.
    func post(_ build: (Book) async throws -> [TransferCommand]) async throws {
        let session = PostgresSession(PostgresConfiguration(url: url, role: "nexora_billing"))
        let lane = Lane(rootID: operatorID, currency: .euro)
        let writer = LaneWriter(session, lane: lane, holder: "tests", lease: .seconds(60), time: Self.clock)
        do {
            try #require(try await writer.take())
            let commit = try await writer.commit(try await build(Book(world: self, billing: session)))
            for answer in commit.answers { #expect(answer.decision?.verdict == .posted) }
            try await writer.giveBack()
        } catch {
            await session.close()
            throw error
        }
        await session.close()
    }

    struct Book {
        let world: GatewayWorld
        let billing: PostgresSession

        func account(_ tenant: TenantID, _ owner: AccountOwner, _ kind: AccountKind) async throws -> AccountRef {
            let wish = AccountWish(
                tenantID: tenant,
                rootID: world.operatorID,
                owner: owner,
                kind: kind,
                currency: .euro
            )
            return try #require(
                try await AccountOpener(billing, ids: world.parts.ids).open([wish]).first
            ).ref
        }

        private func operatorAccount(_ kind: AccountKind) async throws -> AccountRef {
            try await account(world.operatorID, .tenant(world.operatorID), kind)
        }

        func command(
            _ tenant: TenantID,
            _ action: TransferCommand.Action,
            _ details: TransferDetails,
            key: String? = nil
        ) throws -> TransferCommand {
            let id: TransferID = world.parts.ids.next()
            return TransferCommand(
                id: id,
                tenantID: tenant,
                key: try #require(IdempotencyKey(key ?? "test:\(id)")),
                action: action,
                details: details
            )
        }

        /// Money from the till into somebody's wallet.
        func topUp(
            _ owner: AccountOwner,
            in tenant: TenantID,
            _ amount: String,
            key: String? = nil
        ) async throws -> TransferCommand {
            try command(
                tenant,
                .transfer(
                    from: try await operatorAccount(.clearing(gateway: "till")),
                    to: try await account(tenant, owner, .wallet),
                    amount: try Money(amount, currency: .euro)
                ),
                TransferDetails(.topUp),
                key: key
            )
        }

        /// What a customer pays, shared along the chain that holds now.
        func charge(_ customer: CustomerID, in tenant: TenantID, _ amount: String) async throws -> TransferCommand {
            let chain = try #require(
                try await CommissionBook(billing).chains(of: [tenant], at: GatewayWorld.clock.now())[tenant]
            )
            let split = try #require(CommissionSplit(try Money(amount, currency: .euro), along: chain))
            var wallets: [TenantID: AccountRef] = [:]
            for link in chain.links {
                wallets[link.tenantID] = try await account(link.tenantID, .tenant(link.tenantID), .wallet)
            }
            let legs = try #require(
                split.legs(
                    from: try await account(tenant, .customer(customer), .wallet),
                    wallet: { wallets[$0] },
                    revenue: try await operatorAccount(.revenue)
                )
            )
            return try command(tenant, .post(legs), try TransferDetails(.invoice, reference: "INV-1"))
        }
    }
}
