import Domain

extension Hold {
    /// The command that ends the hold at its time, the same whoever sends it and however often. Send it to a writer whose clock is
    /// past that time: refused as not due, its key would be used up, and nothing would end the hold but a release.
    package func expiry(id: TransferID) -> TransferCommand {
        TransferCommand(
            id: id,
            tenantID: ref.tenantID,
            key: .expiry(of: ref.id),
            action: .expire(hold: ref.id),
            details: TransferDetails(.expiry)
        )
    }
}
