import Synchronization

/// The labelled children of one metric, capped.
final class MetricSeries<Cell: Sendable>: Sendable {
    let identity: MetricIdentity
    private let maximum: Int
    private let make: @Sendable () -> Cell
    private let state = Mutex(State())

    struct Child: Sendable {
        let labels: String
        let cell: Cell
    }

    private struct State {
        var index: [[String]: Int] = [:]
        var children: [Child] = []
        var overflow: Cell?
    }

    init(identity: MetricIdentity, maximum: Int, make: @escaping @Sendable () -> Cell) {
        precondition(maximum > 0)
        self.identity = identity
        self.maximum = maximum
        self.make = make
    }

    /// The child of these values, made on first use; the shared "other" child when there are too many.
    func child(_ values: [String]) -> Cell {
        precondition(values.count == identity.labels.count, "\(identity.name) takes \(identity.labels)")
        return state.withLock { state in
            if let index = state.index[values] { return state.children[index].cell }
            if state.children.count >= maximum, let overflow = state.overflow { return overflow }
            let isOverflow = state.children.count >= maximum
            let written = isOverflow ? values.map { _ in "other" } : values
            let cell = make()
            let child = Child(labels: MetricText.labelText(identity.labels, written), cell: cell)
            if isOverflow { state.overflow = cell } else { state.index[values] = state.children.count }
            state.children.append(child)
            return cell
        }
    }

    /// The children so far, in the order they were made.
    var children: [Child] { state.withLock { $0.children } }

    /// Forgets the child of these values; whoever holds its cell still may update it, unseen.
    func remove(_ values: [String]) {
        state.withLock { state in
            guard let index = state.index.removeValue(forKey: values) else { return }
            state.children.remove(at: index)
            for (key, other) in state.index where other > index { state.index[key] = other - 1 }
        }
    }
}
