import Domain
import Events

/// What the ledger tells.
enum LedgerSamples {
    static let events: [Samples.Sample] = [
        Samples.sample(
            "LedgerAdvanced",
            LedgerAdvanced(
                currency: .euro,
                batch: 9_007_199_254_740_993,
                recordedAt: Samples.time,
                digest: String(repeating: "0f", count: 32),
                transfers: 2,
                refusals: 1,
                accounts: [
                    .init(
                        tenantID: Samples.tenant,
                        accountID: Samples.id(11),
                        balance: -999_999_999_999_999_999,
                        held: 0,
                        sequence: 7
                    ),
                    .init(
                        tenantID: Samples.tenant,
                        accountID: Samples.id(12),
                        balance: 100_000,
                        held: 5000,
                        sequence: 1
                    ),
                ]
            ),
            bare: false
        ),
        Samples.sample(
            "LedgerAdvanced.minimal",
            LedgerAdvanced(
                currency: .euro,
                batch: 0,
                recordedAt: .epoch,
                digest: "",
                transfers: 0,
                refusals: 0,
                accounts: []
            )
        ),
    ]
}
