/// Scripts that keep what ``AdmissionLua`` keeps true; the same keys.
extension AdmissionLua {
    /// ARGV[1] bindings as Postgres has them: service, generation, address. The answer is how many were others here.
    static let bind =
        record + """
            local changed = 0
            for at = 1, #ARGV[1], 26 do
                local service, generation, mac = unpack_('>c16I4c6', ARGV[1], at)
                local key = 's:' .. service
                local slots, bound, boundMac = read(key)
                if generation > bound or (generation == bound and mac ~= boundMac) then
                    write(key, slots, generation, mac)
                    changed = changed + 1
                end
            end
            return changed
            """

    /// KEYS[1] `ipam:log`. ARGV[1] its oldest entry, ARGV[2] how many of the oldest to forget: none, when another process
    /// was first. The answer is how many are left.
    static let trim = """
        if redis.call('LINDEX', KEYS[1], 0) == ARGV[1] then redis.call('LTRIM', KEYS[1], ARGV[2], -1) end
        return redis.call('LLEN', KEYS[1])
        """

    /// KEYS[1] the pool's prefix `pool:<id>:`. ARGV[1] the pool's 16 octets, ARGV[2] the number of a loaded block, ARGV[3] some
    /// of its usable offsets and ARGV[4] of those that are not, 6 octets each. Gives back what nobody has: units that are
    /// neither available nor leased, and those whose service knows nothing of them; keeps what must not be handed out from
    /// being available. Units that were struck out, because they were somebody's for good, come back when they are usable
    /// again. The answer is how many of each.
    static let mend =
        record + """
            local name, pool = KEYS[1], ARGV[1]
            local lost, orphaned, excluded = 0, 0, 0
            if call('HEXISTS', name .. 'reserved', ARGV[2]) == 1 then return {0, 0, 0} end

            local function isHeld(owner, offset)
                local slots = read('s:' .. owner)
                for _, s in ipairs(slots) do
                    for i = 7, 13, 3 do
                        if s[i] == pool and s[i + 1] == offset + 1 and (s[1] ~= RELEASED or s[6] > now) then return true end
                    end
                end
                return false
            end

            for at = 1, #ARGV[3], 6 do
                local offset = unpack_('>I6', ARGV[3], at)
                local owner = call('HGET', name .. 'leased', offset)
                if owner == NONE16 then
                    call('HDEL', name .. 'leased', offset)
                    owner = nil
                end
                if not owner then
                    call('ZREM', name .. 'idle', offset)
                    lost = lost + call('SADD', name .. 'available', offset)
                else
                    call('SREM', name .. 'available', offset)
                    local kept = tonumber(call('ZSCORE', name .. 'idle', offset) or '0')
                    if kept <= now and not isHeld(owner, offset) then
                        if kept == 0 then
                            orphaned = orphaned + 1
                            log(FREED, owner, {0, '', NONE16, NONE16}, pool, offset, NONE6)
                        end
                        call('HDEL', name .. 'leased', offset)
                        call('ZREM', name .. 'idle', offset)
                        call('SADD', name .. 'available', offset)
                    end
                end
            end
            for at = 1, #ARGV[4], 6 do
                excluded = excluded + call('SREM', name .. 'available', (unpack_('>I6', ARGV[4], at)))
            end
            writeLog()
            return {lost, orphaned, excluded}
            """
}
