package import Domain
package import Redis
internal import WireFormat

/// The scripts' calls over one connection. Confined to the thread that polls it.
package final class AdmissionChannel {
    /// What a connection must load: see ``RedisPipeline/open(_:scripts:)``.
    package static let scripts = [
        AdmissionLua.admit, AdmissionLua.report, AdmissionLua.load, AdmissionLua.claim, AdmissionLua.reserve,
        AdmissionLua.strike, AdmissionLua.giveBack,
    ]
    static let ready = "ipam:ready"
    package let pipeline: RedisPipeline

    package init(_ pipeline: RedisPipeline) { self.pipeline = pipeline }

    /// Asks for every slot and address of the batch; the answer is for ``AdmissionResults``.
    package func admit(_ batch: borrowing AdmissionBatch, token: UInt64) -> Bool {
        call(0, key: Self.ready, [batch.requests, batch.terms], token)
    }

    /// `reports` as ``SessionReport/append(to:)`` wrote them; the answer is how many sessions ended.
    package func report(_ reports: [UInt8], token: UInt64) -> Bool {
        call(1, key: nil, [reports], token)
    }

    /// Loads the pool's next `count` blocks, or as many more as it takes to find a usable unit, unless another server was
    /// first: the answer is 1 or 0. `block` is how many are loaded; `isFree` tells units that belong to nobody for good.
    package func load(
        _ pool: AddressPool,
        block: UInt32,
        count: UInt32 = 1,
        isFree: (UInt64) -> Bool,
        token: UInt64
    ) -> Bool {
        var next = block
        var offsets: [UInt8] = []
        while offsets.isEmpty || next < block &+ count, next < pool.blockCount {
            for offset in pool.usable(inBlock: next) where isFree(offset) { offsets.appendWord(offset) }
            next += 1
        }
        return call(2, key: "pool:\(pool.id):", [Array(String(block).utf8), Array(String(next).utf8), offsets], token)
    }

    /// Keeps the pool's next block back for `holder`; the answer is its number, -1 when none is left.
    package func reserve(_ pool: AddressPool, holder: String, token: UInt64) -> Bool {
        call(4, key: "pool:\(pool.id):", [Array(holder.utf8), Array(String(pool.blockCount).utf8)], token)
    }

    /// Who keeps the block back: his name, or nothing.
    package func holder(of block: UInt32, in pool: PoolID, token: UInt64) -> Bool {
        pipeline.append(["HGET", "pool:\(pool):reserved", String(block)].map { Array($0.utf8) }, token: token)
    }

    /// Takes a unit that belongs to somebody for good out of the pool.
    package func strike(_ pool: PoolID, offset: UInt64, token: UInt64) -> Bool {
        call(5, key: "pool:\(pool):", [Array(String(offset).utf8)], token)
    }

    /// Puts units that were kept back into the pool again.
    package func giveBack(_ pool: PoolID, offsets: [UInt64], token: UInt64) -> Bool {
        var octets: [UInt8] = []
        for offset in offsets { octets.appendSixOctets(offset) }
        return call(6, key: "pool:\(pool):", [octets], token)
    }

    /// Which process answers, and what it remembers: the text differs where either does.
    package func memory(token: UInt64) -> Bool {
        let script = Array(Self.identity.utf8)
        return pipeline.append(
            [Array("EVAL".utf8), script, Array("1".utf8), Array(Self.ready.utf8)],
            token: token
        )
    }

    private static let identity = """
        local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)') or ''
        return run .. (redis.call('GET', KEYS[1]) or '')
        """

    /// Tells for ten minutes that `holder` lives, and keeps its reserved blocks.
    package func beat(_ holder: String, token: UInt64) -> Bool {
        pipeline.append(["SET", "server:\(holder)", "1", "EX", "600"].map { Array($0.utf8) }, token: token)
    }

    /// `claims` as ``AdmissionClaim/append(to:)`` wrote them; the answer has an octet for each: 0 where another service has
    /// the unit.
    package func claim(_ claims: [UInt8], token: UInt64) -> Bool {
        call(3, key: nil, [claims], token)
    }

    private func call(_ script: Int, key: String?, _ arguments: [[UInt8]], _ token: UInt64) -> Bool {
        guard pipeline.scriptNames.indices.contains(script) else { return false }
        var parts = [Array("EVALSHA".utf8), pipeline.scriptNames[script], Array((key == nil ? "0" : "1").utf8)]
        if let key { parts.append(Array(key.utf8)) }
        return pipeline.append(parts + arguments, token: token)
    }
}
