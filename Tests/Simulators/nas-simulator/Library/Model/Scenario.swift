/// How much goes wrong in a day. Probabilities are in ten-thousandths.
package struct Scenario: Sendable, Equatable {
    package var name: String
    /// A subscriber's attempt with a wrong password, or as somebody unknown, before his login.
    package var wrongLogins: Int
    /// Subscribers whose service is suspended and who try all the same.
    package var suspended: Int
    /// Records that never leave the NAS, Starts and interims.
    package var lostRecords: Int
    /// Stops that never leave the NAS.
    package var lostStops: Int
    /// NASes that boot once in the day, and of those the ones that boot again within minutes.
    package var reboots: Int
    package var quickReboots: Int
    /// Boots without a word of farewell: no Stop, no Accounting-Off.
    package var crashes: Int
    /// Packets that are sent twice at once.
    package var duplicates: Int
    /// Requests, and answers, that the network loses.
    package var lostPackets: Int
    /// Records that overtake others: held back for up to 4 seconds of real time.
    package var heldBack: Int
    /// Records sent again as new packets although they were answered.
    package var repeats: Int
    /// NASes whose clock is wrong by up to a day, and whose seconds are up to 500 millionths too long or short.
    package var skewed: Int
    /// NASes that forget Class.
    package var forgetsClass: Int
    /// Sessions with an Acct-Session-Id of odd text.
    package var oddIDs: Int
    /// Sessions whose counters begin again at 0 in the middle (an interface reset), packets as well.
    package var counterResets: Int
    /// Subscribers who are back within a minute, each time.
    package var quickReturns: Int

    /// Everything works.
    package static let calm = Scenario(
        name: "calm",
        wrongLogins: 50,
        suspended: 50,
        lostRecords: 0,
        lostStops: 0,
        reboots: 0,
        quickReboots: 0,
        crashes: 0,
        duplicates: 10,
        lostPackets: 5,
        heldBack: 0,
        repeats: 0,
        skewed: 0,
        forgetsClass: 0,
        oddIDs: 0,
        counterResets: 0,
        quickReturns: 500
    )

    /// A day like most.
    package static let busy = Scenario(
        name: "busy",
        wrongLogins: 300,
        suspended: 200,
        lostRecords: 50,
        lostStops: 50,
        reboots: 2000,
        quickReboots: 1000,
        crashes: 5000,
        duplicates: 100,
        lostPackets: 100,
        heldBack: 50,
        repeats: 20,
        skewed: 1000,
        forgetsClass: 500,
        oddIDs: 50,
        counterResets: 10,
        quickReturns: 1500
    )

    /// Everything that goes wrong does.
    package static let worst = Scenario(
        name: "worst",
        wrongLogins: 800,
        suspended: 300,
        lostRecords: 300,
        lostStops: 600,
        reboots: 7000,
        quickReboots: 4000,
        crashes: 6000,
        duplicates: 500,
        lostPackets: 300,
        heldBack: 400,
        repeats: 300,
        skewed: 3000,
        forgetsClass: 2500,
        oddIDs: 300,
        counterResets: 150,
        quickReturns: 3000
    )

    /// By name, in the order of what goes wrong.
    package static let all = [calm, busy, worst]
}
