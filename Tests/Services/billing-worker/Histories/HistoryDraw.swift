import Domain
import Ledger
import SharedTesting

/// Draws what clients ask for, a few things at a time on a few wallets, so that they come in each other's way: the same command
/// again, another under its key, a hold's capture beside the hold itself.
struct HistoryDraw {
    typealias Lane = MoneyHistory.Lane
    typealias Holder = MoneyHistory.Holder

    /// One command as it is to be sent.
    struct Request: Sendable {
        let id: String
        let key: String
        let lane: Lane
        let action: MoneyHistory.Action

        func again(as id: String) -> Request { Request(id: id, key: key, lane: lane, action: action) }
    }

    /// Something that others may take from, or take back, whether the ledger took it or not.
    private struct Known {
        let id: String
        let lane: Lane
        let amount: Int64
    }

    /// Francs for a euro: whole ones, so that a purchase follows exactly from its sale.
    static let rate: Int64 = 600

    private let customers: Range<Int>
    /// What tells the keys of one draw from another's.
    private let prefix: String
    private var random: SeededRandom
    private var keys = 0
    private var holds: [Known] = []
    private var payments: [Known] = []
    private var sent: [Request] = []

    init(_ random: SeededRandom, customers: Range<Int>, prefix: String) {
        self.random = random
        self.customers = customers
        self.prefix = prefix
    }

    /// Commands that are to be sent at once.
    mutating func burst() -> [Request] {
        let requests: [Request]
        switch Int.random(in: 0..<20, using: &random) {
        case 0..<3:
            let one = request()
            requests = [one, one, one.again(as: newID())]
        case 3:
            let one = request()
            requests = [one, request(one.lane, action(one.lane), key: one.key)]
        case 4:
            // One key for two lanes, whose writers know nothing of each other.
            let key = newKey()
            requests = Lane.allCases.map { request($0, .topUp(anybody(), amount($0)), key: key) }
        case 5: requests = [sent.randomElement(using: &random)?.again(as: newID()) ?? request()]
        case 6, 7:
            let (lane, id) = (anyLane(), newID())
            let held = amount(lane)
            let hold = request(lane, .hold(anyCustomer(), held), id: id)
            let capture = request(lane, .capture(hold: id, part(of: held, lane)))
            requests = [capture, hold, request(lane, .release(hold: id))]
        case 8:
            let (lane, id) = (anyLane(), newID())
            let paid = amount(lane)
            requests = [
                request(lane, .refund(id, part(of: paid, lane))), request(lane, .charge(anyCustomer(), paid), id: id),
                request(lane, .reverse(id)),
            ]
        default: requests = [request()]
        }
        sent += requests
        return requests
    }

    /// The other half of a conversion whose first half was made.
    mutating func purchase(after sale: Request) -> Request? {
        guard case .sell(let holder, let sold, let bought) = sale.action else { return nil }
        return request(.franc, .buy(holder, sold: sold, bought: bought, sale: sale.id))
    }

    private mutating func request() -> Request {
        let lane = anyLane()
        return request(lane, action(lane))
    }

    private mutating func request(
        _ lane: Lane,
        _ action: MoneyHistory.Action,
        key: String? = nil,
        id: String? = nil
    ) -> Request {
        let request = Request(id: id ?? newID(), key: key ?? newKey(), lane: lane, action: action)
        switch action {
        case .hold(_, let amount): holds.append(Known(id: request.id, lane: lane, amount: amount))
        case .topUp(_, let amount), .charge(_, let amount), .capture(_, let amount), .payOut(_, let amount):
            payments.append(Known(id: request.id, lane: lane, amount: amount))
        default: break
        }
        return request
    }

    private mutating func action(_ lane: Lane) -> MoneyHistory.Action {
        switch Int.random(in: 0..<20, using: &random) {
        case 0..<5: return .topUp(anybody(), amount(lane))
        case 5..<9: return .charge(anyCustomer(), amount(lane))
        case 9: return .adjust(anybody(), amount(lane))
        case 10: return .adjust(anybody(), -amount(lane))
        case 11: return .payOut(anybody(), amount(lane))
        case 12:
            // A sale on the lane of euros; on the other one, something else that has to be covered.
            guard lane == .euro else { return .payOut(anyCustomer(), amount(lane)) }
            let sold = amount(lane)
            return .sell(anyCustomer(), sold: sold, bought: sold * Self.rate)
        case 13: return .hold(anyCustomer(), amount(lane))
        case 14, 15:
            guard let hold = recent(holds, lane) else { return .hold(anyCustomer(), amount(lane)) }
            return .capture(hold: hold.id, part(of: hold.amount, lane))
        case 16:
            guard let hold = recent(holds, lane) else { return .hold(anyCustomer(), amount(lane)) }
            return .release(hold: hold.id)
        case 17, 18:
            guard let payment = recent(payments, lane) else { return .topUp(anybody(), amount(lane)) }
            return .refund(payment.id, Bool.random(using: &random) ? part(of: payment.amount, lane) : nil)
        default:
            guard let payment = recent(payments, lane) else { return .topUp(anybody(), amount(lane)) }
            return .reverse(payment.id)
        }
    }

    /// One of the last few, which others draw as well.
    private mutating func recent(_ known: [Known], _ lane: Lane) -> Known? {
        known.filter { $0.lane == lane }.suffix(8).randomElement(using: &random)
    }

    private mutating func newID() -> String {
        TransferID(
            UUID128.v7(at: Timestamp(secondsSince1970: 1_800_000_000), random: (random.next(), random.next()))
        ).description
    }

    private mutating func newKey() -> String {
        keys += 1
        return "\(prefix)/\(keys)"
    }

    private mutating func anyLane() -> Lane { Int.random(in: 0..<4, using: &random) == 0 ? .franc : .euro }

    private mutating func anyCustomer() -> Holder { .customer(Int.random(in: customers, using: &random)) }

    private mutating func anybody() -> Holder {
        Int.random(in: 0..<6, using: &random) == 0 ? .provider : anyCustomer()
    }

    /// What amounts are multiples of: a cent, or as many francs as one buys.
    private func unit(_ lane: Lane) -> Int64 { lane == .euro ? 100 : 100 * Self.rate }

    private mutating func amount(_ lane: Lane) -> Int64 { Int64.random(in: 1...1_000, using: &random) * unit(lane) }

    /// At times somewhat more than there is.
    private mutating func part(of amount: Int64, _ lane: Lane) -> Int64 {
        Int64.random(in: 1...max(1, amount / unit(lane) * 5 / 4), using: &random) * unit(lane)
    }
}
