import Billing
import Domain
import Persistence
import Testing

/// What somebody asked of his contract, and when.
struct YearAsked: Equatable, Sendable {
    let change: YearChange
    let at: Int64
}

/// What the contract said to it.
private struct YearTold: Sendable {
    var quote: YearQuote?
    var refusal: SubscriptionRefusal?
    let state: Subscription.State
}

/// Changes of plan, as the gateway's routes make them: quoted and applied at the same second.
extension YearWorld {
    /// Every tenth day, and on those on which the calendar is strange, several times a day: once at least at the last second of somebody's
    /// period or at the first of the next, where one ends in the hours after.
    func changePlans(on day: Int) async throws {
        let isSpecial = YearScript.special[day] != nil
        guard isSpecial || day % 10 == 5 else { return }
        for round in 0..<(isSpecial ? 3 : 2) {
            if round > 0 {
                try move(to: isSpecial ? now + 2_400 : momentOfSomebody(on: day))
                try await waitForWorker(on: day)
            }
            for number in changing(on: day) {
                accounts[number].pass(to: now)
                // The worker has nothing more to do: whatever is due is paid.
                accounts[number].pay(to: now)
                let changes = drawChanges(number)
                guard !changes.isEmpty else { continue }
                try await change(number, changes)
            }
            // Who owed a bill that was lowered and holds enough for the rest has paid it when there is nothing more to do: no money came
            // that would have had him asked.
            try await waitForWorker(on: day)
        }
    }

    private func changing(on day: Int) -> [Int] {
        script.subscribers.indices.filter { script.subscribers[$0].isChanging && script.subscribers[$0].day <= day }
    }

    /// A period's last second or its end, of those that end soon; else some time later.
    private func momentOfSomebody(on day: Int) -> Int64 {
        var ends: [Int64] = []
        for number in changing(on: day) where script.subscribers[number].isRich {
            accounts[number].pass(to: now)
            if (now + 2...now + 14_400).contains(accounts[number].ends) { ends.append(accounts[number].ends) }
        }
        guard let end = ends.randomElement(using: &random) else {
            return now + Int64.random(in: 1...7_200, using: &random)
        }
        return Bool.random(using: &random) ? end : end - 1
    }

    /// What he asks for now: mostly nothing. Who changed today, or has a change ahead of him, is more likely to change his mind.
    private func drawChanges(_ number: Int) -> [YearChange] {
        let account = accounts[number]
        let isEdge = account.begins == now || account.ends == now + 1
        let isLikely = account.next != nil || now - account.begins < 86_400
        guard isEdge || Int.random(in: 0..<(isLikely ? 2 : 16), using: &random) == 0 else { return [] }
        let plans = YearPlan.alike(account.plan).shuffled(using: &random)
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<6: return [.now(plans[0])]
        // Before anybody was asked for the first.
        case 6: return script.subscribers[number].isRich ? [.now(plans[0]), .now(plans[1])] : [.now(plans[0])]
        case 7, 8: return [.later(plans[0])]
        default: return [.keep]
        }
    }

    /// Changes one contract in one transaction, and compares each answer with what the account says.
    private func change(_ number: Int, _ changes: [YearChange]) async throws {
        let subscriber = script.subscribers[number]
        let (money, id, terms) = (money, subscriptions[number], terms)
        let calendar = try #require(calendars[subscriber.zone])
        let moment = Timestamp(secondsSince1970: now)
        let told = try await money.database.transaction(in: money.provider) { transaction in
            let store = SubscriptionStore(transaction, ids: money.ids)
            var told: [YearTold] = []
            for change in changes {
                let row = try #require(try await store.find(id, forUpdate: true))
                told.append(try await Self.tell(row, change, terms, store, at: moment, calendar))
            }
            return told
        }
        for (change, answer) in zip(changes, told) {
            if let refusal = answer.refusal {
                // Who has no access has nothing to change at once, and while the wallet is asked nobody has.
                let isShut = answer.state == .pending || answer.state == .suspended
                let isRight = refusal == .wrongState && isShut || refusal == .collecting
                #expect(isRight && !subscriber.isRich, "\(change) of \(number): \(refusal), \(answer.state)")
                continue
            }
            asked[number].append(YearAsked(change: change, at: now))
            guard subscriber.isRich else { continue }
            let expected = accounts[number].ask(change, at: now)
            #expect(answer.quote == expected, "\(change) of \(number) at \(now): \(subscriber)")
        }
    }

    private static func tell(
        _ row: SubscriptionRow,
        _ change: YearChange,
        _ terms: [PlanTerms],
        _ store: SubscriptionStore,
        at moment: Timestamp,
        _ calendar: BillingCalendar
    ) async throws -> YearTold {
        var told = YearTold(state: row.subscription.state)
        let tenant = row.subscription.tenantID
        do {
            switch change {
            case .now(let plan):
                let facts = SubscriptionFacts(calendar: calendar, billingDay: row.billingDay) { _ in BillID(.zero) }
                let quote = try row.book.quote(terms[plan], at: moment, facts: facts)
                let pinned = try await store.pin(terms[plan], tenant: tenant)
                let commit = try await store.step(row, .change(pinned, .now), at: moment, calendar: calendar)
                applied(commit.row.book, as: quote)
                told.quote = YearQuote(quote)
            case .later(let plan):
                let pinned = try await store.pin(terms[plan], tenant: tenant)
                _ = try await store.step(row, .change(pinned, .periodEnd), at: moment, calendar: calendar)
            case .keep: _ = try await store.step(row, .keep, at: moment, calendar: calendar)
            }
        } catch let refusal as SubscriptionRefusal {
            told.refusal = refusal
        }
        return told
    }

    /// What was done is what was quoted.
    private static func applied(_ book: SubscriptionBook, as quote: ChangeQuote) {
        let bill = book.bills.first { $0.ordinal == book.subscription.clock?.ordinal }
        #expect(book.subscription.clock?.period == quote.period)
        #expect(book.subscription.credit == quote.creditLeft)
        #expect(bill?.amount ?? .zero(quote.dueNow.currency) == quote.dueNow)
    }
}

extension YearQuote {
    fileprivate init(_ quote: ChangeQuote) {
        self.init(
            used: quote.used.tenThousandths,
            rest: quote.rest.tenThousandths,
            credited: quote.credit.tenThousandths,
            price: quote.price.tenThousandths,
            due: quote.dueNow.tenThousandths,
            left: quote.creditLeft.tenThousandths,
            start: quote.period.start.microseconds / 1_000_000,
            end: quote.period.end.microseconds / 1_000_000
        )
    }
}
