package import Domain
package import RADIUS

/// A reply attribute ready for the packet path: encoded once, recognised without a dictionary.
package struct ReplyOperation: Hashable, Sendable {
    package let action: ReplyOperator
    /// Only for NASes of this vendor; nil for all.
    package let vendor: NASVendor?
    /// What `set` replaces and `remove` takes out.
    package let pattern: AttributePattern
    /// The encoded attributes to append, or the one to take out; empty where `remove` takes out all.
    package let octets: [UInt8]

    package init(action: ReplyOperator, vendor: NASVendor?, pattern: AttributePattern, octets: [UInt8]) {
        self.action = action
        self.vendor = vendor
        self.pattern = pattern
        self.octets = octets
    }

    package func concerns(_ other: NASVendor) -> Bool { vendor == nil || vendor == other }
}

extension [ReplyOperation] {
    /// What is left of the attributes that the server encodes itself, and what these put behind them, for one vendor.
    package func applied(to template: [UInt8], for vendor: NASVendor) -> (template: [UInt8], extras: [UInt8]) {
        var (template, extras) = (template, [UInt8]())
        for operation in self where operation.concerns(vendor) {
            if operation.action != .add {
                let value = operation.action == .remove ? operation.octets : []
                template = template.removing(operation.pattern, equalTo: value)
                extras = extras.removing(operation.pattern, equalTo: value)
            }
            if operation.action != .remove { extras += operation.octets }
        }
        return (template, extras)
    }
}

extension [UInt8] {
    /// Encoded attributes without those that the pattern matches and, where `value` is given, equal it.
    fileprivate func removing(_ pattern: AttributePattern, equalTo value: [UInt8]) -> [UInt8] {
        var kept: [UInt8] = []
        var at = 0
        while at + 1 < count, Int(self[at + 1]) >= 2, at + Int(self[at + 1]) <= count {
            let attribute = Array(self[at..<at + Int(self[at + 1])])
            let goes =
                unsafe attribute.withUnsafeBytes { unsafe pattern.matches($0) } && (value.isEmpty || attribute == value)
            if !goes { kept += attribute }
            at += attribute.count
        }
        return kept
    }
}
