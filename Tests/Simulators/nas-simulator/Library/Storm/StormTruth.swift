/// What was really granted in a storm, and what must never be: an address or prefix that two have, and more sessions of a
/// service than it may have. Knows answers and what NASes told; no packets, no clock.
///
/// A session holds its address from its Access-Accept until its Stop left the NAS, its NAS told that it booted, or its
/// device came in again. One that was told to leave counts no more but holds its address all the same.
package struct StormTruth: Sendable {
    package struct Grant: Sendable {
        /// The octets of Class.
        package struct Name: Sendable, Hashable {
            package var admission: (high: UInt64, low: UInt64)
            package var service: (high: UInt64, low: UInt64)
            package var version: UInt16 = 0
            package var terms: UInt64 = 0

            package init(
                admission: (high: UInt64, low: UInt64),
                service: (high: UInt64, low: UInt64),
                version: UInt16 = 0,
                terms: UInt64 = 0
            ) {
                self.admission = admission
                self.service = service
                self.version = version
                self.terms = terms
            }

            package static func == (left: Self, right: Self) -> Bool {
                left.admission == right.admission && left.service == right.service
            }

            package func hash(into hasher: inout Hasher) { hasher.combine(admission.low) }
        }

        package var name: Name
        /// 0 for none.
        package var ipv4: UInt32
        /// The upper half of the delegated prefix; 0 for none.
        package var prefix: UInt64

        package init(name: Name, ipv4: UInt32, prefix: UInt64) {
            self.name = name
            self.ipv4 = ipv4
            self.prefix = prefix
        }
    }

    package struct Session: Sendable {
        package enum State: UInt8, Sendable {
            case held
            /// Told to leave.
            case leaving
            case over
        }

        package let grant: Grant
        package let subscriber: Int32
        package let device: UInt8
        package let nas: UInt8
        /// Microseconds since 1970.
        package let from: Int64
        package fileprivate(set) var until: Int64 = .max
        package fileprivate(set) var state = State.held
        /// The NAS does not have it any more, and nobody was told.
        package fileprivate(set) var isGone = false
        /// Its Start was acknowledged: the servers must know it.
        package fileprivate(set) var isReported = false
    }

    /// What must never be.
    package struct Breach: Sendable {
        package enum Kind: String, Sendable, CaseIterable {
            case addressTwice = "address_twice"
            case prefixTwice = "prefix_twice"
            case overLimit = "over_limit"
            case neverTold = "never_told_to_leave"
            case lockedOut = "locked_out"
            case wrongService = "wrong_service"
            case noAddress = "accept_without_address"
            case wrongIntent = "intent_under_reject_new"
        }

        package let kind: Kind
        package let at: Int64
        package let text: String
    }

    private struct Key: Hashable {
        let tenant: UInt64
        let address: UInt64
    }

    package let world: StormWorld
    package private(set) var sessions: [Session] = []
    package private(set) var breaches: [Breach] = []
    /// By service: sessions that are not over.
    private var standing: [[Int32]]
    private var services: [(high: UInt64, low: UInt64)?]
    private var ipv4: [Key: Int32] = [:]
    private var prefixes: [Key: Int32] = [:]
    private var admissions: [UInt64: Int32] = [:]
    /// Services with more sessions than they may have, and since when: somebody must be told to leave.
    private var over: [Int32: Int64] = [:]

    package init(_ world: StormWorld) {
        self.world = world
        standing = [[Int32]](repeating: [], count: world.subscribers.count)
        services = world.subscribers.map { _ in nil }
    }

    /// Services that must still see somebody leave.
    package var awaited: Int { over.count }

    /// An Access-Accept that the NAS took. Returns the session's number.
    package mutating func accept(_ grant: Grant, _ subscriber: Int, device: Int, nas: Int, at: Int64) -> Int {
        check(grant, subscriber, at)
        for number in standing[subscriber] where sessions[Int(number)].device == device { end(Int(number), at: at) }
        let number = sessions.count
        hold(grant, number, subscriber, at)
        sessions.append(
            Session(
                grant: grant,
                subscriber: Int32(subscriber),
                device: UInt8(device),
                nas: UInt8(nas),
                from: at
            )
        )
        standing[subscriber].append(Int32(number))
        admissions[grant.name.admission.low] = Int32(number)
        judgeLimit(subscriber, at)
        return number
    }

    /// An Access-Accept that the NAS did not take: lost, or late. Nobody else may have what it names.
    package mutating func overhear(_ grant: Grant, _ subscriber: Int, at: Int64) {
        check(grant, subscriber, at)
        let tenant = UInt64(world.subscribers[subscriber].tenant)
        for (kind, address, holders) in [
            (Breach.Kind.addressTwice, UInt64(grant.ipv4), ipv4), (.prefixTwice, grant.prefix, prefixes),
        ] where address != 0 {
            guard let other = holders[Key(tenant: tenant, address: address)],
                sessions[Int(other)].subscriber != subscriber
            else { continue }
            breach(kind, at, "\(describe(Int(other))), overheard by subscriber \(subscriber)")
        }
    }

    /// A login was refused because of the limit: right unless the very device has a session that stands.
    package mutating func refused(_ subscriber: Int, device: Int, asked: Int64, at: Int64) {
        for number in standing[subscriber] {
            let session = sessions[Int(number)]
            guard session.device == device, session.isReported, session.state == .held, session.from < asked else {
                continue
            }
            breach(.lockedOut, at, describe(Int(number)))
        }
    }

    /// Its Start was acknowledged.
    package mutating func reported(_ session: Int) { sessions[session].isReported = true }

    /// The NAS forgot it without a word.
    package mutating func gone(_ session: Int) { sessions[session].isGone = true }

    /// Its Stop leaves the NAS, or the NAS tells that it booted: others may have its address from now on.
    package mutating func end(_ session: Int, at: Int64) {
        guard sessions[session].state != .over else { return }
        sessions[session].state = .over
        sessions[session].until = at
        let subscriber = Int(sessions[session].subscriber)
        standing[subscriber].removeAll { $0 == session }
        let tenant = UInt64(world.subscribers[subscriber].tenant)
        let grant = sessions[session].grant
        let (v4, v6) = (Key(tenant: tenant, address: UInt64(grant.ipv4)), Key(tenant: tenant, address: grant.prefix))
        if ipv4[v4] == Int32(session) { ipv4[v4] = nil }
        if prefixes[v6] == Int32(session) { prefixes[v6] = nil }
        relieve(subscriber)
    }

    /// The network was told to disconnect it. Returns the session, when it still stands.
    package mutating func toldToLeave(admission low: UInt64, at: Int64) -> Int? {
        guard let number = admissions[low].map({ Int($0) }), sessions[number].state == .held else { return nil }
        let subscriber = Int(sessions[number].subscriber)
        if !StormWorld.tenants[world.subscribers[subscriber].tenant].replacesOldest {
            breach(.wrongIntent, at, describe(number))
        }
        sessions[number].state = .leaving
        relieve(subscriber)
        return number
    }

    /// Looks who should have been told to leave for `patience` microseconds and was not.
    package mutating func judgeAwaited(at: Int64, patience: Int64) {
        for (subscriber, since) in over where at - since > patience {
            over[subscriber] = nil
            let all = standing[Int(subscriber)].map { describe(Int($0)) }.joined(separator: "; ")
            breach(.neverTold, since, "subscriber \(subscriber), limit \(world.limit(Int(subscriber))): \(all)")
        }
    }

    // MARK: - Private

    private mutating func check(_ grant: Grant, _ subscriber: Int, _ at: Int64) {
        let plan = StormWorld.plans[world.subscribers[subscriber].plan]
        if let known = services[subscriber] {
            if known != grant.name.service { breach(.wrongService, at, "subscriber \(subscriber)") }
        } else {
            services[subscriber] = grant.name.service
        }
        if grant.ipv4 == 0 || (grant.prefix == 0) != (plan.delegatedPool == nil) {
            breach(.noAddress, at, "subscriber \(subscriber) of plan \(plan.name)")
        }
    }

    private mutating func hold(_ grant: Grant, _ number: Int, _ subscriber: Int, _ at: Int64) {
        let tenant = UInt64(world.subscribers[subscriber].tenant)
        let v4 = Key(tenant: tenant, address: UInt64(grant.ipv4))
        if grant.ipv4 != 0 {
            if let other = ipv4[v4] {
                breach(.addressTwice, at, "\(describe(Int(other))), now subscriber \(subscriber) session \(number)")
            }
            ipv4[v4] = Int32(number)
        }
        let v6 = Key(tenant: tenant, address: grant.prefix)
        if grant.prefix != 0 {
            if let other = prefixes[v6] {
                breach(.prefixTwice, at, "\(describe(Int(other))), now subscriber \(subscriber) session \(number)")
            }
            prefixes[v6] = Int32(number)
        }
    }

    private func counting(_ subscriber: Int) -> Int {
        standing[subscriber].count { sessions[Int($0)].state == .held }
    }

    private mutating func judgeLimit(_ subscriber: Int, _ at: Int64) {
        let limit = world.limit(subscriber)
        guard counting(subscriber) > limit else { return }
        guard !StormWorld.tenants[world.subscribers[subscriber].tenant].replacesOldest else {
            if over[Int32(subscriber)] == nil { over[Int32(subscriber)] = at }
            return
        }
        let all = standing[subscriber].map { describe(Int($0)) }.joined(separator: "; ")
        breach(.overLimit, at, "subscriber \(subscriber), limit \(limit): \(all)")
    }

    private mutating func relieve(_ subscriber: Int) {
        if counting(subscriber) <= world.limit(subscriber) { over[Int32(subscriber)] = nil }
    }

    private mutating func breach(_ kind: Breach.Kind, _ at: Int64, _ text: String) {
        breaches.append(Breach(kind: kind, at: at, text: text))
    }

    package func describe(_ number: Int) -> String {
        let session = sessions[number]
        return "session \(number) of subscriber \(session.subscriber) device \(session.device) NAS \(session.nas) "
            + "since \(session.from)\(session.isGone ? " gone" : "") \(session.state) "
            + "\(IPv4Text.of(session.grant.ipv4))"
    }
}
