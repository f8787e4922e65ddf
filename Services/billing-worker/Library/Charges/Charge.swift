import Billing
import Domain
import Ledger

/// What a customer is to pay for something that he was sold, as the ledger is asked for it.
struct Charge: Hashable, Sendable {
    let tenantID: TenantID
    /// The operator above: whose lane it is.
    let rootID: TenantID
    let customerID: CustomerID
    let amount: Money
    /// The same however often it is asked for, so that the ledger does it once.
    let key: String
    let purpose: TransferPurpose
    /// What is paid for.
    let reference: String
    let metadata: [String: String]

    /// As the ledger hears it. Throws for a reference or metadata that the ledger would not keep.
    func command(_ id: TransferID) throws(TransferTextError) -> MoneyCommand {
        guard let key = IdempotencyKey(key) else { preconditionFailure("a charge's key is short and ASCII") }
        return MoneyCommand(
            id: id,
            tenantID: tenantID,
            lane: Lane(rootID: rootID, currency: amount.currency),
            key: key,
            action: .charge(.customer(customerID), amount: amount, shared: true),
            details: try TransferDetails(purpose, reference: reference, metadata: metadata)
        )
    }
}
