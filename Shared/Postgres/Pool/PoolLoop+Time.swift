import Concurrency

/// Deadlines, cancelled tasks and the backoff.
extension PoolLoop {
    func watch(_ deadline: Deadline) { nextCheck = min(nextCheck, deadline) }

    func checkTimes() {
        for (slot, deadline) in resting where deadline.hasPassed {
            resting[slot] = nil
            perform(machine.rested(slot))
        }
        guard nextCheck.hasPassed else { return }
        nextCheck = .never
        for request in requests.values {
            if request.deadline.hasPassed {
                interrupt(request.ticket, .deadlineExceeded)
            } else {
                watch(request.deadline)
            }
        }
        for (slot, line) in lines.enumerated() {
            guard let line else { continue }
            if let interrupt = line.interrupt {
                guard !interrupt.limit.hasPassed else {
                    lose(slot, PostgresError(.connectionLost, "the server did not answer a cancel request"))
                    continue
                }
                watch(interrupt.limit)
            }
            for flight in line.pending where flight.interruption == nil && !flight.request.isAbandoned {
                if flight.request.deadline.hasPassed {
                    interrupt(flight.request.ticket, .deadlineExceeded)
                } else {
                    watch(flight.request.deadline)
                }
            }
        }
    }

    /// Ends the request `ticket`: out of the queue, or by a cancel request when it is what its connection runs.
    /// Behind another's statement its caller is let go, and its answer dropped when it comes.
    func interrupt(_ ticket: UInt64, _ reason: PostgresError.Code) {
        if let request = requests[ticket] {
            guard machine.withdraw(ticket) else { return }
            requests[ticket] = nil
            return request.fail(Self.interrupted(reason, sqlState: nil))
        }
        for (slot, line) in lines.enumerated() {
            guard let line else { continue }
            if let index = line.parked.firstIndex(where: { $0.ticket == ticket }) {
                return line.parked.remove(at: index).fail(Self.interrupted(reason, sqlState: nil))
            }
            guard let index = line.pending.firstIndex(where: { $0.request.ticket == ticket }) else { continue }
            guard index == line.pending.startIndex, line.interrupt == nil else {
                return line.flights[index].request.fail(Self.interrupted(reason, sqlState: nil))
            }
            return interruptHead(slot, line, reason)
        }
    }

    /// Opens the line again once the cancelled statement has ended and its cancel request is delivered.
    func settle(_ slot: Int) {
        guard let line = lines[slot] else { return }
        if let interrupt = line.interrupt {
            guard interrupt.cancellation?.isFinished ?? true, !line.pending.contains(where: { $0.interruption != nil })
            else { return }
            line.interrupt = nil
            perform(machine.unhold(slot))
            let parked = line.parked
            line.parked = []
            for request in parked { send(request, slot) }
        }
        // Its caller was let go while it stood behind another's statement; now it is what holds up the rest.
        if line.pending.first?.request.isAbandoned == true { interruptHead(slot, line, .deadlineExceeded) }
    }

    private func interruptHead(_ slot: Int, _ line: PoolLine, _ reason: PostgresError.Code) {
        guard line.interrupt == nil else { return }
        machine.hold(slot)
        line.interruptHead(reason) { [mailbox] in _ = mailbox.post(.cancelSent(slot: slot)) }
        if let limit = line.interrupt?.limit { watch(limit) }
    }

    static func interrupted(_ reason: PostgresError.Code, sqlState: String?) -> PostgresError {
        PostgresError(
            reason,
            reason == .cancelled ? "the task was cancelled" : "the deadline passed",
            sqlState: sqlState
        )
    }
}
