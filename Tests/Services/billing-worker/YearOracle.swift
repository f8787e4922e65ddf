import Ledger
import SharedTesting

/// A plan of the rehearsed year. Prices are ten-thousandths of a euro.
struct YearPlan: Sendable {
    enum Cycle: Sendable { case day, month, year }

    let cycle: Cycle
    let isPrepaid: Bool
    let price: Int64

    /// Six kinds, and each at three prices: the usual one, a dearer and a cheaper one. A plan is changed for one of its kind.
    static let all =
        kinds + at([17_300, 14_900, 449_900, 333_300, 4_990_100, 3_333_300])
        + at([7_100, 4_900, 199_900, 99_700, 1_999_900, 1_000_100])

    private static let kinds = [
        YearPlan(cycle: .day, isPrepaid: true, price: 10_000), YearPlan(cycle: .day, isPrepaid: false, price: 9_900),
        YearPlan(cycle: .month, isPrepaid: true, price: 300_000),
        YearPlan(cycle: .month, isPrepaid: false, price: 249_900),
        YearPlan(cycle: .year, isPrepaid: true, price: 3_000_000),
        YearPlan(cycle: .year, isPrepaid: false, price: 2_500_100),
    ]

    private static func at(_ prices: [Int64]) -> [YearPlan] {
        zip(kinds, prices).map { YearPlan(cycle: $0.cycle, isPrepaid: $0.isPrepaid, price: $1) }
    }

    /// The plans that somebody with that one may change to, itself among them.
    static func alike(_ plan: Int) -> [Int] { (0..<3).map { plan % kinds.count + $0 * kinds.count } }
}

/// Somebody who has a contract for the whole rehearsal.
struct YearSubscriber: Sendable {
    /// The plan that he begins with.
    let plan: Int
    let zone: YearZone
    let billingDay: Int
    /// He always has enough: his bills can be told beforehand.
    let isRich: Bool
    /// On which day of the rehearsal he begins.
    let day: Int
    /// When he begins; the day's moment.
    let start: Int64
    /// He asks for other plans.
    let isChanging: Bool

    private var terms: YearPlan { YearPlan.all[plan] }

    /// The second that ends the period of that number, counted from an anchor.
    func boundary(_ number: Int, from anchor: Int64) -> Int64 {
        let (date, second) = zone.local(anchor)
        return switch terms.cycle {
        case .day: zone.instant(YearDate(number: date.number + number), second)
        case .month: zone.instant(date.adding(months: number), second)
        case .year: zone.instant(date.adding(months: 12 * number), second)
        }
    }
}

/// The rehearsal, drawn from a seed: who there is, when the clock stands where, and what dies when.
struct YearScript {
    enum Fault: CaseIterable { case worker, nats, postgres, relay }

    /// The days on which subscribers begin: nothing dies before they are over, so that it is known when each began.
    static let beginning = 31
    /// A year after the last began, and some days for what is due then.
    static let days = 410
    /// Days on which plans are changed three times, forty minutes apart, and the second of each at which that begins: before the clocks change,
    /// in the hour that they show twice or leave out, and after it, in Rome and in New York; and on 29 February.
    static let special: [Int: Int64] = [
        30: 600, 37: 18_600, 151: 39_600, 163: 23_400, 177: 1_800, 394: 600, 401: 18_600,
    ]
    static let firstSecond = Int64(YearDate(2027, 10, 1).number) * 86_400

    /// Where the clock stands on each day, in the day's first half: nothing that is waited for moves it beyond the next.
    let moments: [Int64]
    let subscribers: [YearSubscriber]
    /// Those who are short of money at times.
    let short: [Int]
    let faults: [Int: Fault]

    /// A tenth of those who pay by the month, and some who pay by the day or the year beforehand: each bill that is not paid is asked for
    /// daily for a month, and that is what takes the rehearsal's time.
    private static func isShort(_ number: Int) -> Bool {
        number % 20 == 8 || number % 20 == 9 || number % 80 == 0 || number % 80 == 4
    }

    init(subscribers count: Int, _ random: inout SeededRandom) {
        // Moments that the clocks show twice or leave out on the days on which they change: 02:30 and 03:00 in Rome, 02:30 and 01:30
        // in New York.
        let early: [Int: Int64] = [3: 1_800, 4: 23_400, 5: 19_800, 6: 3_600]
        let chosen = early.merging(Self.special) { first, _ in first }
        var moments: [Int64] = []
        for day in 0..<Self.days {
            let second = Int64.random(in: 0..<43_200, using: &random)
            moments.append(Self.firstSecond + Int64(day) * 86_400 + (chosen[day] ?? second))
        }
        self.moments = moments
        let everybody = (0..<count).map { number in
            let plan =
                switch number % 40 {
                case 0, 1: number % 2
                case 2...5: 4 + number % 2
                default: 2 + number % 2
                }
            let isDaily = plan < 2
            let day = isDaily ? 3 + number / 40 % 4 : Int.random(in: 0..<Self.beginning, using: &random)
            let zone = YearZone.allCases[Int.random(in: 0...1, using: &random)]
            return YearSubscriber(
                plan: plan,
                zone: isDaily ? (day == 3 || day == 6 ? .rome : .newYork) : zone,
                billingDay: Int.random(in: 1...31, using: &random),
                isRich: !Self.isShort(number),
                day: day,
                start: moments[day],
                isChanging: number % 3 != 2
            )
        }
        subscribers = everybody
        short = everybody.indices.filter { !everybody[$0].isRich }
        var faults: [Int: Fault] = [:]
        for (fault, times) in [(Fault.worker, 10), (.nats, 3), (.relay, 1), (.postgres, 1)] {
            for _ in 0..<times { faults[Int.random(in: Self.beginning..<Self.days - 1, using: &random)] = fault }
        }
        self.faults = faults
    }
}

/// Something that is asked of the ledger under a key.
struct YearCommand: Sendable {
    enum Action: Sendable {
        case topUp, charge, adjust
        case refund(TransferID)
    }

    let key: String
    let subscriber: Int
    let action: Action
    /// What it adds to the wallet if it is posted; below zero for what it takes.
    let amount: Int64
    /// How many send it at once.
    var copies = 1
}

/// What was asked and what was answered, summed up: the oracle's books.
struct YearDiary {
    struct Entry: Sendable {
        let command: YearCommand
        let transfer: TransferID
        let isPosted: Bool
    }

    private(set) var entries: [Entry] = []
    private var numbers: [String: Int] = [:]
    /// What commands added to each subscriber's wallet.
    private(set) var wallets: [Int64]
    /// What top-ups, charges without what was refunded of them, and adjustments moved.
    private(set) var toppedUp: Int64 = 0
    private(set) var charged: Int64 = 0
    private(set) var adjusted: Int64 = 0
    /// Charges of which nothing was refunded yet.
    private(set) var refundable: [Entry] = []

    init(subscribers: Int) {
        wallets = Array(repeating: 0, count: subscribers)
    }

    var posted: Int { entries.count { $0.isPosted } }

    /// What was answered first under that key.
    func entry(_ key: String) -> Entry? { numbers[key].map { entries[$0] } }

    mutating func write(_ entry: Entry) {
        numbers[entry.command.key] = entries.count
        entries.append(entry)
        guard entry.isPosted else { return }
        let amount = entry.command.amount
        wallets[entry.command.subscriber] += amount
        switch entry.command.action {
        case .topUp: toppedUp += amount
        case .adjust: adjusted += amount
        case .refund: charged -= amount
        case .charge:
            charged -= amount
            refundable.append(entry)
        }
    }

    mutating func takeRefundable(_ random: inout SeededRandom) -> Entry? {
        guard !refundable.isEmpty else { return nil }
        return refundable.remove(at: Int.random(in: 0..<refundable.count, using: &random))
    }
}
