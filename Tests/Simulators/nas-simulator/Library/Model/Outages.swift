/// When a NAS is away.
struct Outage: Sendable {
    /// Seconds of the day; -1 for the boot with which the day begins.
    let down: Int
    let up: Int
    /// No Stop and no Accounting-Off.
    let isCrash: Bool

    /// The outages of a NAS's day, in order, the first boot among them.
    static func ofDay(_ nas: SimNAS, _ wishes: World.Wishes) -> [Outage] {
        var chance = Chance(seed: wishes.seed, "outages", nas.number)
        let scenario = wishes.scenario
        var outages = [Outage(down: -1, up: chance.within(0...30), isCrash: true)]
        guard chance.happens(scenario.reboots) else { return outages }
        var down = chance.within(wishes.seconds / 5...wishes.seconds * 4 / 5)
        repeat {
            let up = down + chance.within(20...240)
            outages.append(Outage(down: down, up: up, isCrash: chance.happens(scenario.crashes)))
            down = up + chance.within(90...900)
        } while chance.happens(scenario.quickReboots) && down < wishes.seconds - 1800
        return outages
    }
}
