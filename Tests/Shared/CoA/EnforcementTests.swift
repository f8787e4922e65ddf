import CoA
import Domain
import RADIUS
import SharedTesting
import Testing

/// A NAS that knows which sets it takes and which changes it makes, and answers like it.
private struct ModelNAS {
    var takes: Set<IdentitySet>
    /// Its answer to a set that it does not take.
    var otherwise = ErrorCause.missingAttribute
    /// Nil: CoA works.
    var changeRefusal: ErrorCause?
    var disconnectRefusal: ErrorCause?
    var hasSession = true
    var wantsTimestamp = false
    var knowsItself = true
    var isDeaf = false

    func answer(_ request: ControlRequest) -> ControlOutcome {
        if isDeaf { return .timedOut(tries: 3, badAuthenticators: 0) }
        let types = request.identification.map(\.type)
        if !knowsItself, types.contains(AttributeType.nasIPAddress) {
            return .refused(Refusal(.nasIdentificationMismatch))
        }
        if wantsTimestamp, !request.isTimestamped { return .refused(Refusal(.missingAttribute)) }
        let isTaken = takes.contains { set in
            set.attributes(of: Fixture.identity)?.map(\.type) == types.filter { $0 != AttributeType.nasIPAddress }
        }
        if !isTaken { return .refused(Refusal(otherwise)) }
        if request.kind == .change, let changeRefusal { return .refused(Refusal(changeRefusal)) }
        if !hasSession { return .refused(Refusal(.sessionContextNotFound)) }
        if request.kind == .disconnect, let disconnectRefusal { return .refused(Refusal(disconnectRefusal)) }
        return .acknowledged(terminateCause: nil)
    }
}

@Suite struct EnforcementTests {
    private func run(
        _ intent: Enforcement.Intent,
        _ nas: ModelNAS,
        _ capabilities: inout NASCapabilities
    ) -> (result: Enforcement.Result, sent: [ControlKind]) {
        var enforcement = Enforcement(intent, on: Fixture.identity)
        var step = enforcement.begin(capabilities)
        for _ in 0..<40 {
            guard case .send(let request) = step else { break }
            step = enforcement.next(after: nas.answer(request), &capabilities, at: 1_000)
        }
        guard case .done(let result) = step else {
            Issue.record("it does not end")
            return (.sessionGone, [])
        }
        return (result, enforcement.trials.map(\.kind))
    }

    private func change(_ vendor: NASVendor, mayDisconnect: Bool = true) throws -> Enforcement.Intent {
        .change(try Fixture.speedChange(vendor), mayDisconnect: mayDisconnect)
    }

    @Test(.proves("COA-02", "COA-10")) func `a CoA does where the NAS can`() throws {
        for vendor in NASVendor.allCases where vendor != .ubiquiti {
            var capabilities = NASCapabilities(vendor: vendor)
            let first = try #require(capabilities.sets(for: Fixture.identity).first)
            let done = run(try change(vendor), ModelNAS(takes: [first]), &capabilities)
            #expect(done.result == .changed && done.sent == [.change], "\(vendor)")
            #expect(capabilities.knows(.proven(first)))
        }
    }

    @Test(.proves("COA-08")) func `where a vendor changes no session it is disconnected, or left alone`() throws {
        var capabilities = NASCapabilities(vendor: .ubiquiti)
        let nas = ModelNAS(takes: [Fixture.byBoth])
        #expect(run(try change(.ubiquiti), nas, &capabilities).result == .disconnected)
        let left = run(try change(.ubiquiti, mayDisconnect: false), nas, &capabilities)
        #expect(left.result == .impossible(.cannotChange) && left.sent.isEmpty)
    }

    @Test(.proves("COA-08")) func `a NAS that refuses every change, as hostapd does, is asked for none again`() throws {
        var capabilities = NASCapabilities(vendor: .generic)
        let nas = ModelNAS(
            takes: [Fixture.byBoth],
            otherwise: .unsupportedAttribute,
            changeRefusal: .unsupportedAttribute
        )
        let first = run(try change(.generic), nas, &capabilities)
        #expect(first.result == .disconnected && first.sent.last == .disconnect && first.sent.first == .change)
        #expect(capabilities.knows(.cannotChange(.speed)))
        let second = run(try change(.generic), nas, &capabilities)
        #expect(second.result == .disconnected && second.sent == [.disconnect])
        // NASes are upgraded: after a while it is tried again.
        capabilities.forget(before: 1_001)
        #expect(capabilities.lessons.isEmpty)
        #expect(run(try change(.generic), nas, &capabilities).sent.first == .change)
    }

    @Test(.proves("COA-08")) func `services and prohibitions are learned, and Huawei's own word for an attribute`()
        throws
    {
        for cause in [ErrorCause.unsupportedService, .unsupportedExtension, .administrativelyProhibited] {
            var capabilities = NASCapabilities(vendor: .mikrotik)
            let nas = ModelNAS(takes: [Fixture.byBoth], changeRefusal: cause)
            #expect(run(try change(.mikrotik), nas, &capabilities).sent == [.change, .disconnect])
            #expect(capabilities.knows(.takesNoChange))
            #expect(run(try change(.mikrotik), nas, &capabilities).sent == [.disconnect])
        }
        var huawei = NASCapabilities(vendor: .huawei)
        let nas = ModelNAS(takes: Set(IdentitySet.sets(for: .huawei)), changeRefusal: .invalidRequest)
        #expect(run(try change(.huawei), nas, &huawei).result == .disconnected)
        #expect(huawei.knows(.cannotChange(.speed)))
    }

    /// A change of the speed, and of when the session ends.
    private func both(_ vendor: NASVendor) throws -> Enforcement.Intent {
        var change = try Fixture.speedChange(vendor)
        change.addTimeout(remaining: 600, elapsed: 7_200, for: vendor)
        return .change(change, mayDisconnect: true)
    }

    @Test(.proves("COA-08")) func `a NAS that refuses an end has its speed changed all the same`() throws {
        for (cause, isLearned) in [(ErrorCause.unsupportedAttribute, true), (.invalidAttributeValue, false)] {
            var capabilities = NASCapabilities(vendor: .mikrotik)
            var enforcement = Enforcement(try both(.mikrotik), on: Fixture.identity)
            var step = enforcement.begin(capabilities)
            var sent: [Bool] = []
            while case .send(let request) = step, sent.count < 40 {
                let hasEnd = request.changes.contains { $0.type == AttributeType.sessionTimeout }
                sent.append(hasEnd)
                let outcome: ControlOutcome =
                    hasEnd || request.kind == .disconnect
                    ? .refused(Refusal(cause)) : .acknowledged(terminateCause: nil)
                step = enforcement.next(after: outcome, &capabilities, at: 1_000)
            }
            #expect(step == .done(.changed) && enforcement.leavesEnd, "\(cause)")
            #expect(sent.last == false && sent.filter { !$0 }.count == 1)
            #expect(capabilities.knows(.cannotChange(.timeout)) == isLearned)
            #expect(!capabilities.knows(.cannotChange(.speed)))
        }
        // One that takes both is asked once, and one that takes no change at all is not asked for half of it.
        var capabilities = NASCapabilities(vendor: .mikrotik)
        let whole = run(try both(.mikrotik), ModelNAS(takes: [Fixture.byBoth]), &capabilities)
        #expect(whole.result == .changed && whole.sent == [.change])
        let never = ModelNAS(takes: [Fixture.byBoth], changeRefusal: .unsupportedExtension)
        #expect(run(try both(.mikrotik), never, &capabilities).sent == [.change, .disconnect])
    }

    @Test(.proves("COA-08")) func `nobody is thrown out because his NAS moves no ends`() throws {
        var change = LiveChange()
        change.addTimeout(remaining: 600, elapsed: 7_200, for: .generic)
        for cause in ErrorCause.allCases {
            var capabilities = NASCapabilities(vendor: .generic)
            let nas = ModelNAS(takes: [Fixture.byBoth], changeRefusal: cause)
            let done = run(.change(change, mayDisconnect: false), nas, &capabilities)
            #expect(!done.sent.contains(.disconnect) && done.result != .changed, "\(cause)")
        }
    }

    @Test func `a hotspot that wants the address too is found by it, and from then on at once`() throws {
        var capabilities = NASCapabilities(vendor: .mikrotik)
        let nas = ModelNAS(takes: [Fixture.byAll])
        let first = run(.disconnect, nas, &capabilities)
        // The first set, the same with Event-Timestamp, the next.
        #expect(first.result == .disconnected && first.sent.count == 3)
        #expect(capabilities.knows(.refused(Fixture.byBoth)) && capabilities.knows(.proven(Fixture.byAll)))
        #expect(!capabilities.knows(.wantsEventTimestamp))
        #expect(run(.disconnect, nas, &capabilities).sent.count == 1)
    }

    @Test func `a NAS that wants the time, or knows itself otherwise, teaches that once`() {
        var capabilities = NASCapabilities(vendor: .mikrotik)
        let nas = ModelNAS(takes: [Fixture.byBoth], wantsTimestamp: true, knowsItself: false)
        let first = run(.disconnect, nas, &capabilities)
        #expect(first.result == .disconnected && first.sent.count == 3)
        #expect(capabilities.isTimestamped && !capabilities.tellsNAS)
        #expect(run(.disconnect, nas, &capabilities).sent.count == 1)
    }

    @Test func `a session that is not found by a proven set is gone; by another it is looked for once more`() {
        var capabilities = NASCapabilities(vendor: .mikrotik)
        let nas = ModelNAS(takes: Set(IdentitySet.sets(for: .mikrotik)), hasSession: false)
        let first = run(.disconnect, nas, &capabilities)
        // User-Name and address alone could mean the session after it.
        #expect(first.result == .sessionGone && first.sent.count == 2)
        capabilities.learn(.proven(Fixture.byBoth), at: 1)
        let second = run(.disconnect, nas, &capabilities)
        #expect(second.result == .sessionGone && second.sent.count == 1)
    }

    @Test(.proves("COA-07")) func `silence ends it at once, and a refused Disconnect fails with its cause`() throws {
        var capabilities = NASCapabilities(vendor: .mikrotik)
        let deaf = run(try change(.mikrotik), ModelNAS(takes: [], isDeaf: true), &capabilities)
        #expect(deaf.result == .unanswered(badAuthenticators: 0) && deaf.sent == [.change])
        let nas = ModelNAS(takes: [Fixture.byBoth], disconnectRefusal: .sessionContextNotRemovable)
        #expect(run(.disconnect, nas, &capabilities).result == .failed(Refusal(.sessionContextNotRemovable)))
        var unknown = Enforcement(.disconnect, on: LiveIdentity(nasAddress: IPAddress("10.0.0.1")))
        #expect(unknown.begin(capabilities) == .done(.impossible(.notIdentified)))
    }

    @Test(.proves("COA-07", "COA-08")) func `whatever a NAS answers, it ends, and tells what was acknowledged`() throws
    {
        var random = SeededRandom()
        for _ in 0..<400 {
            let vendor = NASVendor.allCases.randomElement(using: &random) ?? .generic
            let mayDisconnect = Bool.random(using: &random)
            let isChange = Bool.random(using: &random)
            let movesEnd = Bool.random(using: &random)
            var capabilities = NASCapabilities(vendor: vendor)
            for _ in 0..<5 {
                var intent = isChange ? try change(vendor, mayDisconnect: mayDisconnect) : .disconnect
                if case .change(var change, let mayDisconnect) = intent, movesEnd {
                    change.addTimeout(remaining: 600, elapsed: 7_200, for: vendor)
                    intent = .change(change, mayDisconnect: mayDisconnect)
                }
                var enforcement = Enforcement(intent, on: Fixture.identity)
                var step = enforcement.begin(capabilities)
                var acknowledged: ControlKind?
                var kinds: [ControlKind] = []
                while case .send(let request) = step, kinds.count < 40 {
                    kinds.append(request.kind)
                    let number =
                        random.next() % 8 == 0 ? nil : ErrorCause.allCases.randomElement(using: &random)?.rawValue
                    let outcome: ControlOutcome =
                        random.next() % 6 == 0 ? .acknowledged(terminateCause: nil) : .refused(Refusal(number: number))
                    if case .acknowledged = outcome { acknowledged = request.kind }
                    step = enforcement.next(after: outcome, &capabilities, at: 1)
                }
                #expect(kinds.count < (movesEnd ? 30 : 20), "it does not end")
                #expect(enforcement.trials.map(\.kind) == kinds)
                #expect(mayDisconnect || !isChange || !kinds.contains(.disconnect))
                #expect((step == .done(.changed)) == (acknowledged == .change))
                #expect((step == .done(.disconnected)) == (acknowledged == .disconnect))
            }
            for lesson in capabilities.lessons.keys { #expect(Lesson(text: lesson.text) == lesson) }
        }
    }

    @Test func `lessons are read back as they were written, and nothing else is`() {
        var lessons: [Lesson] = [
            .takesNoChange, .takesNoDisconnect, .knowsItselfOtherwise, .wantsEventTimestamp,
        ]
        lessons += ChangeKind.allCases.map { .cannotChange($0) }
        for vendor in NASVendor.allCases {
            for set in IdentitySet.sets(for: vendor) { lessons += [.proven(set), .refused(set)] }
        }
        for lesson in lessons { #expect(Lesson(text: lesson.text) == lesson) }
        for text in ["", "proven", "proven:", "proven:user-name+", "cannot-change:x", "takes-no-change:x"] {
            #expect(Lesson(text: text) == nil, "\(text)")
        }
    }
}
