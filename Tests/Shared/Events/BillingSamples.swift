import Billing
import Domain
import Events

/// What is told of subscriptions and their bills.
enum BillingSamples {
    static let events: [Samples.Sample] = [
        subscription(
            "SubscriptionChanged",
            from: .epoch,
            to: Samples.time,
            version: 9_007_199_254_740_993,
            bare: false
        ),
        subscription("SubscriptionChanged.minimal", from: nil, to: nil, version: 0, bare: true),
        Samples.sample(
            "BillChanged",
            BillChanged(
                billID: .init(Samples.id(14)),
                subscriptionID: .init(Samples.id(15)),
                customerID: Samples.customer,
                status: "overdue",
                amount: amount(299_900),
                dueAt: Samples.time
            ),
            bare: false
        ),
        Samples.sample(
            "BillChanged.minimal",
            BillChanged(
                billID: .init(Samples.id(14)),
                subscriptionID: .init(Samples.id(15)),
                customerID: Samples.customer,
                status: "",
                amount: amount(0),
                dueAt: .epoch
            )
        ),
        reminded("BillReminded", offset: -259_200, bare: false),
        reminded("BillReminded.minimal", offset: 0, bare: true),
        boost("BoostChanged", bare: false),
        boost("BoostChanged.minimal", bare: true),
        paid("PaymentChanged", bare: false), paid("PaymentChanged.minimal", bare: true),
        low("WalletLow", balance: 9_007_199_254_740_993, held: 9_007_199_254_700_000, bare: false),
        low("WalletLow.minimal", balance: 0, held: 0, bare: true),
    ]

    private static func paid(_ name: String, bare: Bool) -> Samples.Sample {
        Samples.sample(
            name,
            PaymentChanged(
                paymentID: .init(Samples.id(18)),
                customerID: bare ? nil : Samples.customer,
                state: bare ? "" : "failed",
                amount: amount(bare ? 0 : 250_000),
                method: bare ? "" : "card",
                gateway: bare ? "" : "stripe",
                refundOf: bare ? nil : .init(Samples.id(19)),
                endedAt: bare ? .epoch : Samples.time,
                note: bare ? "" : "The card was declined.",
                version: bare ? 0 : 9_007_199_254_740_993
            ),
            bare: bare
        )
    }

    private static func boost(_ name: String, bare: Bool) -> Samples.Sample {
        Samples.sample(
            name,
            BoostChanged(
                boostID: .init(Samples.id(17)),
                subscriptionID: .init(Samples.id(15)),
                customerID: Samples.customer,
                serviceID: Samples.service,
                state: bare ? "" : "rejected",
                planID: .init(Samples.id(16)),
                amount: amount(bare ? 0 : 46_700),
                periodStart: bare ? nil : .epoch,
                periodEnd: bare ? nil : Samples.time,
                note: bare ? "" : "no capacity",
                version: bare ? 0 : 9_007_199_254_740_993
            ),
            bare: bare
        )
    }

    private static func amount(_ tenThousandths: Int64) -> Money {
        (try? Money(tenThousandths: tenThousandths, currency: .euro)) ?? .zero(.euro)
    }

    private static func subscription(
        _ name: String,
        from start: Timestamp?,
        to end: Timestamp?,
        version: UInt64,
        bare: Bool
    ) -> Samples.Sample {
        Samples.sample(
            name,
            SubscriptionChanged(
                subscriptionID: .init(Samples.id(15)),
                customerID: Samples.customer,
                serviceID: Samples.service,
                state: bare ? "" : "active",
                planID: .init(Samples.id(16)),
                periodStart: start,
                periodEnd: end,
                version: version
            ),
            bare: bare
        )
    }

    private static func reminded(_ name: String, offset: Int64, bare: Bool) -> Samples.Sample {
        Samples.sample(
            name,
            BillReminded(
                billID: .init(Samples.id(14)),
                subscriptionID: .init(Samples.id(15)),
                customerID: Samples.customer,
                amount: amount(bare ? 0 : 299_900),
                dueAt: bare ? .epoch : Samples.time,
                offsetSeconds: offset
            ),
            bare: bare
        )
    }

    private static func low(_ name: String, balance: Int64, held: Int64, bare: Bool) -> Samples.Sample {
        Samples.sample(
            name,
            WalletLow(
                walletID: Samples.id(17),
                customerID: Samples.customer,
                balance: amount(balance),
                held: amount(held),
                threshold: amount(bare ? 0 : 50_000)
            ),
            bare: bare
        )
    }
}
