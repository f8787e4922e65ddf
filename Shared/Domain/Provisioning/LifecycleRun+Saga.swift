/// How long what may take, and how often it is tried.
package struct LifecycleRules: Hashable, Sendable {
    /// A run that is not past its point of no return by then is rolled back; one that has not ended is stuck.
    package var deadline: Duration
    /// The pause after something could not be done for now; it doubles with each.
    package var retry: Duration
    package var longestRetry: Duration
    /// How often a compensation is tried.
    package var attempts: Int

    package init(
        deadline: Duration = .seconds(300),
        retry: Duration = .seconds(1),
        longestRetry: Duration = .seconds(30),
        attempts: Int = 10
    ) {
        precondition(attempts > 0 && retry > .zero && longestRetry >= retry)
        self.deadline = deadline
        self.retry = retry
        self.longestRetry = longestRetry
        self.attempts = attempts
    }

    /// The pause after so many failures.
    package func pause(after failures: Int) -> Duration {
        min(retry * (1 << min(max(failures - 1, 0), 16)), longestRetry)
    }
}

/// What became of a step, or of taking it back.
package enum LifecycleOutcome: Hashable, Sendable {
    /// It is done, its effect stored; with what it leaves open.
    case done(LifecycleReason? = nil)
    /// Nothing was to be done.
    case skipped(LifecycleReason)
    /// It was begun and is looked at again after that.
    case waits(Duration)
    /// It cannot be done, and nothing of it was.
    case refused(LifecycleReason)
    /// It could not be done for now, and nothing of it was.
    case failed(LifecycleReason)
}

/// The saga (LCY-02). Pure: time and outcomes come from outside, and what a run has become is stored together with the effect that
/// the outcome tells of; so a process may be killed at any point, and the next one asks again what is to be done.
///
/// Guaranteed, whatever comes in whatever order: steps are done one after the other; one that ended is never done again; nothing is
/// undone but what was done, last first, each once; a run ends as completed with every step done or skipped, rolled back with every
/// effect undone, or failed with each effect that stays told; one that has not ended is always due at some time.
extension LifecycleRun {
    package enum Move: Hashable, Sendable {
        /// Do the step at that position and tell `take` what became of it.
        case perform(Int)
        /// Take back the step at that position and tell `take` what became of it.
        case compensate(Int)
        /// Nothing for now, or nothing any more.
        case rest
    }

    /// What is to be done now; a run that is past its deadline may turn round here.
    package mutating func move(at now: Timestamp, _ rules: LifecycleRules) -> Move {
        guard !state.isFinal else { return .rest }
        begin(at: now, rules)
        if state == .running, let deadline, now >= deadline, !isPastReturn { turn(.deadline, at: now) }
        switch state {
        case .running: return position.map { .perform($0) } ?? .rest
        case .rollingBack: return undo.map { .compensate($0) } ?? .rest
        case .completed, .rolledBack, .failed: return .rest
        }
    }

    /// What became of the step that `move` named.
    package mutating func take(_ outcome: LifecycleOutcome, at now: Timestamp, _ rules: LifecycleRules) {
        switch state {
        case .running: position.map { performed($0, outcome, now, rules) }
        case .rollingBack: undo.map { undone($0, outcome, now, rules) }
        case .completed, .rolledBack, .failed: break
        }
    }

    /// Its move could be neither made nor stored: it rests, longer each time, and its time runs from the first of them on. One whose
    /// first step cannot be tried at all ends at its deadline, as any other.
    package mutating func postpone(at now: Timestamp, failures: Int, _ rules: LifecycleRules) {
        guard !state.isFinal else { return }
        begin(at: now, rules)
        nextAt = now + rules.pause(after: failures)
    }

    private mutating func begin(at now: Timestamp, _ rules: LifecycleRules) {
        guard startedAt == nil else { return }
        startedAt = now
        deadline = now + rules.deadline
    }

    /// It has not ended, and should have.
    package func isStuck(at now: Timestamp) -> Bool {
        guard !state.isFinal, let deadline else { return false }
        return now > deadline
    }

    /// Whether what was done is not taken back any more.
    package var isPastReturn: Bool {
        steps.contains { step in
            guard step.state == .done else { return false }
            // Whoever is told that his service has ended does not get it back, be there a contract or not; nor is a password that was
            // taken away kept anywhere to be given back.
            return step.name == kind.pivot
                || (kind == .terminate && (step.name == .service || step.name == .credentials))
        }
    }

    // MARK: - Onwards

    /// The step that is next.
    private var position: Int? { steps.firstIndex { $0.state == .pending || $0.state == .running } }

    private mutating func performed(
        _ index: Int,
        _ outcome: LifecycleOutcome,
        _ now: Timestamp,
        _ rules: LifecycleRules
    ) {
        if steps[index].startedAt == nil { steps[index].startedAt = now }
        switch outcome {
        case .done(let reason): end(index, .done, reason, now)
        case .skipped(let reason): end(index, .skipped, reason, now)
        case .refused(let reason):
            end(index, .failed, reason, now)
            return turn(reason, at: now)
        case .waits(let pause):
            steps[index].state = .running
            nextAt = now + pause
            return
        case .failed(let reason):
            steps[index].state = .running
            retry(index, reason, now, rules)
            return
        }
        nextAt = now
        if position == nil { finish(.completed, at: now) }
    }

    /// There is no way on: back, where there is a way.
    private mutating func turn(_ reason: LifecycleReason, at now: Timestamp) {
        self.reason = reason
        for index in steps.indices where steps[index].state == .running { end(index, .failed, reason, now) }
        if isPastReturn {
            for index in steps.indices where isToUndo(index) { end(index, .notCompensated, .final, now) }
        }
        state = .rollingBack
        nextAt = now
        settle(at: now)
    }

    // MARK: - Back

    private func isToUndo(_ index: Int) -> Bool { steps[index].state == .done && steps[index].name.hasEffect }

    /// The step that is taken back next.
    private var undo: Int? { steps.indices.last(where: isToUndo) }

    private mutating func undone(
        _ index: Int,
        _ outcome: LifecycleOutcome,
        _ now: Timestamp,
        _ rules: LifecycleRules
    ) {
        switch outcome {
        case .done, .skipped: end(index, .compensated, nil, now)
        case .refused(let reason): end(index, .notCompensated, reason, now)
        case .waits(let pause):
            nextAt = now + pause
            return
        case .failed(let reason):
            if steps[index].attempts + 1 < rules.attempts { return retry(index, reason, now, rules) }
            end(index, .notCompensated, .attempts, now)
        }
        nextAt = now
        settle(at: now)
    }

    /// Ends a run of which nothing is left to take back.
    private mutating func settle(at now: Timestamp) {
        guard undo == nil else { return }
        finish(steps.contains { $0.state == .notCompensated } ? .failed : .rolledBack, at: now)
    }

    // MARK: - Both ways

    private mutating func retry(
        _ index: Int,
        _ reason: LifecycleReason,
        _ now: Timestamp,
        _ rules: LifecycleRules
    ) {
        steps[index].attempts += 1
        steps[index].reason = reason
        nextAt = now + rules.pause(after: steps[index].attempts)
    }

    private mutating func end(
        _ index: Int,
        _ state: LifecycleStep.State,
        _ reason: LifecycleReason?,
        _ now: Timestamp
    ) {
        steps[index].state = state
        steps[index].reason = reason
        steps[index].endedAt = now
        // A compensation has tries of its own.
        if state == .done { steps[index].attempts = 0 }
    }

    private mutating func finish(_ state: State, at now: Timestamp) {
        self.state = state
        endedAt = now
        nextAt = nil
    }
}
