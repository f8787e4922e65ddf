import Concurrency

/// One value beside a log message.
package enum LogValue: Sendable, Equatable {
    case string(String)
    case int(Int)
    case uint(UInt64)
    case double(Double)
    case bool(Bool)
    case strings([String])

    /// Seconds with fraction.
    package static func duration(_ value: Duration) -> LogValue { .double(value.inSeconds) }

    /// The error's own description: error types keep secrets and row data out of it.
    package static func error(_ value: any Error) -> LogValue { .string(String(describing: value)) }
}

extension LogValue: ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByFloatLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int) { self = .int(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(floatLiteral value: Double) { self = .double(value) }
}

/// Named values beside a log message, in the order they were given. Names are dotted lower case: `nas.id`.
package struct LogFields: Sendable, Equatable, ExpressibleByDictionaryLiteral {
    /// One name with its value.
    package struct Field: Sendable, Equatable {
        package let name: String
        package var value: LogValue
    }

    /// In order; each name once.
    package private(set) var all: [Field] = []

    package init(dictionaryLiteral elements: (String, LogValue)...) {
        all.reserveCapacity(elements.count)
        for (name, value) in elements { self[name] = value }
    }

    /// The value of `name`; setting nil removes it.
    package subscript(name: String) -> LogValue? {
        get { all.first { $0.name == name }?.value }
        set {
            let index = all.firstIndex { $0.name == name }
            switch (index, newValue) {
            case (let index?, let value?): all[index].value = value
            case (let index?, nil): all.remove(at: index)
            case (nil, let value?): all.append(Field(name: name, value: value))
            case (nil, nil): break
            }
        }
    }

    /// These fields and `others`, which win where names are equal.
    package func merging(_ others: LogFields) -> LogFields {
        guard !all.isEmpty else { return others }
        var result = self
        for field in others.all { result[field.name] = field.value }
        return result
    }
}
