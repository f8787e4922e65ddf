/// The text of Mikrotik-Rate-Limit (vendor 14988, attribute 8):
///
///     rx-rate[/tx-rate] [rx-burst[/tx-burst] [rx-threshold[/tx-threshold] [rx-time[/tx-time]
///         [priority] [rx-min[/tx-min]]]]]
///
/// The router's receiving side comes first, and that is the subscriber's upload. Rates are whole bits in a second; the
/// suffixes `k` and `M` stand for 1,000 and 1,000,000 and are used only where nothing is lost.
package struct MikroTikRateLimit: Equatable, Sendable {
    /// A value for each direction, named as the subscriber sees it.
    package struct Pair<Value: Equatable & Sendable>: Equatable, Sendable {
        package var upload: Value
        package var download: Value

        /// A value for each direction.
        package init(upload: Value, download: Value) {
            self.upload = upload
            self.download = download
        }
    }

    /// More than the rate for a while: up to `rate` until the average over `seconds` exceeds `threshold`.
    package struct Burst: Equatable, Sendable {
        /// Bits in a second.
        package var rate: Pair<UInt64>
        /// Bits in a second.
        package var threshold: Pair<UInt64>
        package var seconds: Pair<UInt32>

        /// A burst.
        package init(rate: Pair<UInt64>, threshold: Pair<UInt64>, seconds: Pair<UInt32>) {
            self.rate = rate
            self.threshold = threshold
            self.seconds = seconds
        }
    }

    /// Bits in a second.
    package var rate: Pair<UInt64>
    package var burst: Burst?
    /// 1, the best, to 8; other numbers count as the nearest of these.
    package var priority: UInt8?
    /// Bits in a second that are guaranteed.
    package var minimum: Pair<UInt64>?

    /// A limit.
    package init(
        rate: Pair<UInt64>,
        burst: Burst? = nil,
        priority: UInt8? = nil,
        minimum: Pair<UInt64>? = nil
    ) {
        self.rate = rate
        self.burst = burst
        self.priority = priority
        self.minimum = minimum
    }

    /// The attribute's text. Fields are positional, so those before the last one wanted are written as zeros, which means
    /// no burst, and a priority of 8, which is the router's default.
    package var text: String {
        var fields = [rates(rate)]
        let wantsTail = priority != nil || minimum != nil
        if let burst {
            fields += [rates(burst.rate), rates(burst.threshold), "\(burst.seconds.upload)/\(burst.seconds.download)"]
        } else if wantsTail {
            fields += ["0/0", "0/0", "0/0"]
        }
        if wantsTail { fields.append(String(min(max(priority ?? 8, 1), 8))) }
        if let minimum { fields.append(rates(minimum)) }
        return fields.joined(separator: " ")
    }

    private func rates(_ pair: Pair<UInt64>) -> String {
        "\(Self.rate(pair.upload))/\(Self.rate(pair.download))"
    }

    private static func rate(_ bitsPerSecond: UInt64) -> String {
        if bitsPerSecond == 0 { return "0" }
        if bitsPerSecond.isMultiple(of: 1_000_000) { return "\(bitsPerSecond / 1_000_000)M" }
        if bitsPerSecond.isMultiple(of: 1000) { return "\(bitsPerSecond / 1000)k" }
        return String(bitsPerSecond)
    }
}
