package import Domain

/// What the ids of payments identify. Never instantiated.
package enum PaymentTag {
    package enum Payment {}
    package enum CashShift {}
    package enum Adjustment {}
    package enum Conversion {}
}

package typealias PaymentID = ID<PaymentTag.Payment>
package typealias CashShiftID = ID<PaymentTag.CashShift>
package typealias AdjustmentID = ID<PaymentTag.Adjustment>
package typealias ConversionID = ID<PaymentTag.Conversion>
