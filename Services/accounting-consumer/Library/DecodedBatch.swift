import Domain
import Events
import WireFormat

/// A batch after decoding: records beside the deliveries they came in. A message of several records is taken apart, so
/// that each stands for itself.
struct DecodedBatch {
    private var reading = AccountingRecorded.Reading()
    /// One for each of ``records``.
    private(set) var deliveries: [any AccountingDelivery] = []
    private(set) var undecodable: [(any AccountingDelivery, String)] = []

    var records: [AccountingRecord] { reading.records }

    init(_ received: [any AccountingDelivery]) {
        deliveries.reserveCapacity(received.count)
        reading.reserveCapacity(received.count)
        for delivery in received { add(delivery) }
    }

    private mutating func add(_ delivery: any AccountingDelivery) {
        do throws(JSONError) {
            let count = try reading.read(delivery.payload)
            if count == 1, reading.refusals.isEmpty {
                deliveries.append(delivery)
            } else {
                add(delivery, count: count)
            }
        } catch {
            undecodable.append((delivery, Self.reason(error)))
        }
    }

    /// A record that cannot be read is told apart: the others must not share its lot.
    private mutating func add(_ delivery: any AccountingDelivery, count: Int) {
        var refusals = reading.refusals[...]
        for part in MessagePart.parts(of: delivery, count: count) {
            if let refusal = refusals.first, refusal.place == part.part {
                undecodable.append((part, Self.reason(refusal.reason)))
                refusals.removeFirst()
            } else {
                deliveries.append(part)
            }
        }
    }

    private static func reason(_ error: JSONError) -> String { "cannot be decoded: \(error)" }
}
