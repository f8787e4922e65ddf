/// The query of a `print`: words that a stack machine evaluates for each row, as the manual has it.
struct PrintQuery {
    private let words: [Substring]

    init(_ sentence: [String]) {
        words = sentence.filter { $0.hasPrefix("?") }.map { $0.dropFirst() }
    }

    func matches(_ row: [String: String]) -> Bool {
        var stack: [Bool] = []
        for word in words {
            if word.hasPrefix("#") {
                for operation in word.dropFirst() { apply(operation, to: &stack) }
            } else {
                stack.append(holds(word, row))
            }
        }
        return stack.allSatisfy { $0 }
    }

    private func apply(_ operation: Character, to stack: inout [Bool]) {
        switch operation {
        case "!": if let top = stack.popLast() { stack.append(!top) }
        case "&", "|":
            guard stack.count > 1 else { return }
            let (second, first) = (stack.removeLast(), stack.removeLast())
            stack.append(operation == "&" ? first && second : first || second)
        case ".": if let top = stack.last { stack.append(top) }
        default: if let index = operation.wholeNumberValue, index < stack.count { stack.append(stack[index]) }
        }
    }

    private func holds(_ word: Substring, _ row: [String: String]) -> Bool {
        let mark = word.first
        let rest = mark == "=" || mark == "<" || mark == ">" || mark == "-" ? word.dropFirst() : word
        if mark == "-" { return row[String(rest)] == nil }
        guard let sign = rest.firstIndex(of: "=") else { return row[String(rest)] != nil }
        guard let value = row[String(rest[..<sign])] else { return false }
        let wanted = String(rest[rest.index(after: sign)...])
        switch mark {
        case "<": return less(value, wanted)
        case ">": return less(wanted, value)
        default: return value == wanted || Menus.words[value, default: value] == Menus.words[wanted, default: wanted]
        }
    }

    private func less(_ left: String, _ right: String) -> Bool {
        if let left = Int64(left), let right = Int64(right) { return left < right }
        return left < right
    }
}
