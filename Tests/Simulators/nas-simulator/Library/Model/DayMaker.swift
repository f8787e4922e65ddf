/// Makes a day: outages first, then each subscriber's sessions around them, then ids in the order in which the NASes give
/// them, then the reports.
struct DayMaker {
    private let world: World
    private let wishes: World.Wishes
    private let outages: [[Outage]]
    private(set) var sessions: [SimSession] = []
    private(set) var logins: [SimLogin] = []
    private(set) var boots: [SimBoot] = []

    init(_ world: World) {
        self.world = world
        wishes = world.wishes
        outages = world.nases.map { Outage.ofDay($0, world.wishes) }
    }

    mutating func run() {
        for nas in world.nases where nas.kind.sendsAccountingOn { addBoots(of: nas) }
        for subscriber in world.subscribers {
            var chance = Chance(seed: wishes.seed, "subscriber", subscriber.number)
            if subscriber.isSuspended { tryInVain(subscriber, &chance) } else { live(subscriber, &chance) }
        }
        var ids = SessionNumbers(world, outages)
        ids.assign(&sessions)
        for number in sessions.indices {
            var chance = Chance(seed: wishes.seed, "reports", number)
            let session = sessions[number]
            let reports = ReportMaker(session, world.nases[session.nas], interval(session), wishes.scenario)
            let (records, isOrderly) = reports.make(&chance)
            sessions[number].records = records
            sessions[number].isOrderly = isOrderly
        }
    }

    private func interval(_ session: SimSession) -> Int {
        world.plans[world.subscribers[session.subscriber].plan].interim
    }

    private mutating func addBoots(of nas: SimNAS) {
        var chance = Chance(seed: wishes.seed, "boots", nas.number)
        func boot(_ at: Int, isOn: Bool) -> SimBoot {
            SimBoot(nas: nas.number, at: at, isOn: isOn, misfortune: Misfortune(wishes.scenario, &chance))
        }
        for outage in outages[nas.number] {
            // The Stops of an orderly shutdown come first.
            if !outage.isCrash { boots.append(boot(outage.down + 1, isOn: false)) }
            boots.append(boot(outage.up, isOn: true))
        }
    }

    // MARK: - Subscribers

    /// Somebody whose service is suspended tries now and then.
    private mutating func tryInVain(_ subscriber: SimSubscriber, _ chance: inout Chance) {
        var at = chance.within(60...wishes.seconds / 4)
        while at < wishes.seconds - 60 {
            addLogin(subscriber, subscriber.nas, nil, at, .suspended, &chance)
            at += chance.within(wishes.seconds / 8...wishes.seconds / 2)
        }
    }

    private mutating func live(_ subscriber: SimSubscriber, _ chance: inout Chance) {
        let scenario = wishes.scenario
        var at = 120 + chance.below(wishes.seconds / 4)
        while at < wishes.seconds - 60 {
            let nas = chance.happens(200) ? chance.below(world.nases.count) : subscriber.nas
            at = whenUp(nas, at, &chance)
            // All that begin in one slot of pppd share an id.
            if world.nases[nas].kind.sessionIDs == .second { at += 20 - at % 20 }
            guard at < wishes.seconds - 60 else { return }
            if chance.happens(scenario.wrongLogins) {
                let outcome: SimLogin.Outcome = chance.happens(7000) ? .wrongPassword : .unknownUser
                addLogin(subscriber, nas, nil, at - chance.within(5...15), outcome, &chance)
            }
            at = addSession(subscriber, nas, at, &chance)
            at += chance.happens(scenario.quickReturns) ? chance.within(4...60) : pause(&chance)
        }
    }

    /// Not while the NAS is away, nor so soon before it goes that the login would be cut off.
    private func whenUp(_ nas: Int, _ at: Int, _ chance: inout Chance) -> Int {
        var at = at
        for outage in outages[nas] where at >= outage.down - 10 && at < outage.up + 20 {
            at = outage.up + chance.within(20...140)
        }
        return at
    }

    /// Returns when the subscriber is off again.
    private mutating func addSession(
        _ subscriber: SimSubscriber,
        _ nas: Int,
        _ start: Int,
        _ chance: inout Chance
    ) -> Int {
        var end = start + duration(&chance)
        // User-Request, Lost-Carrier, Idle-Timeout, Session-Timeout, Port-Error (RFC 2866 §5.10).
        let causes: [UInt32] = [1, 1, 1, 2, 4, 5, 8]
        var ending = SimSession.Ending.stop(cause: causes[chance.below(causes.count)])
        if let outage = outages[nas].first(where: { $0.down > start }), end >= outage.down {
            end = outage.down
            // Admin-Reboot.
            ending = outage.isCrash ? .crash : .stop(cause: 7)
        }
        if end >= wishes.seconds {
            end = wishes.seconds
            ending = .stillOn
        }
        let number = sessions.count
        addLogin(subscriber, nas, number, start - chance.within(1...3), .accept, &chance)
        sessions.append(
            SimSession(
                number: number,
                subscriber: subscriber.number,
                nas: nas,
                start: start,
                end: end,
                ending: ending
            )
        )
        return end
    }

    private mutating func addLogin(
        _ subscriber: SimSubscriber,
        _ nas: Int,
        _ session: Int?,
        _ at: Int,
        _ outcome: SimLogin.Outcome,
        _ chance: inout Chance
    ) {
        let misfortune = Misfortune(wishes.scenario, &chance, isAccounting: false)
        logins.append(
            SimLogin(
                subscriber: subscriber.number,
                nas: nas,
                session: session,
                at: at,
                outcome: outcome,
                misfortune: misfortune
            )
        )
    }

    private func duration(_ chance: inout Chance) -> Int {
        switch chance.below(100) {
        case 0..<15: chance.within(5...600)
        case 15..<70: chance.within(1800...4 * 3600)
        default: chance.within(4 * 3600...20 * 3600)
        }
    }

    private func pause(_ chance: inout Chance) -> Int {
        chance.happens(3000) ? chance.within(60...1200) : chance.within(1200...4 * 3600)
    }
}
