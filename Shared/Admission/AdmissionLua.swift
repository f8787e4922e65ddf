/// The scripts that keep sessions and addresses in Redis. Each works through a batch of records of fixed size and is
/// atomic as a whole, which is what makes limits and addresses race-free between servers.
///
/// Keys. `s:` and the service's 16 octets: what the service has (see ``record``). `pool:<id>:available`: offsets that are
/// free (a set); `:leased`: offset -> the service's 16 octets; `:idle`: offsets given back and kept for who had them, by
/// the millisecond until which they are kept; `:blocks`: how many blocks of the pool were loaded; `:reserved`: block ->
/// server, for blocks that a server keeps for when Redis is away. `ipam:ready`: stands once the pools' leases were loaded
/// from Postgres; without it no address is given. `ipam:log`: what is to be written to Postgres, oldest first.
enum AdmissionLua {
    /// A service's record: generation and address (6) of the bound device, then its slots: state, device (8), admission
    /// (16), NAS (16), since and until in milliseconds, three times pool (16), offset + 1, seconds of stickiness, and the
    /// admission (16) of the same device that came before it: two servers may have admitted one login, and only the NAS's
    /// reports tell whose answer it took.
    /// States: 1 pending, 2 active, 3 told to leave, 4 released and only remembered.
    static let record = """
        local PENDING, ACTIVE, LEAVING, RELEASED = 1, 2, 3, 4
        local NONE6, NONE16 = string.rep('\\0', 6), string.rep('\\0', 16)
        local call, unpack_, pack = redis.call, struct.unpack, struct.pack
        local SLOT = '>Bc8c16c16I6I6c16I6I4c16I6I4c16I6I4c16'
        local time = call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        local logged = time[1] * 1000000 + time[2]

        local function read(key)
            local record = call('GET', key)
            local slots = {}
            if not record then return slots, 0, NONE6 end
            local generation, mac = unpack_('>I4c6', record)
            for at = 11, #record, 147 do slots[#slots + 1] = {unpack_(SLOT, record, at)} end
            return slots, generation, mac
        end

        local function write(key, slots, generation, mac)
            local last, parts = 0, {pack('>I4c6', generation, mac)}
            -- What is over, or else what was told to leave longest ago, gives way: a record stays small whatever a service's
            -- devices do.
            while #slots > 16 do
                local first = 1
                for i = #slots, 1, -1 do
                    if slots[i][1] == RELEASED then first = i end
                end
                table.remove(slots, first)
            end
            for _, s in ipairs(slots) do
                if s[1] ~= RELEASED then last = math.huge elseif s[6] > last then last = s[6] end
                parts[#parts + 1] = pack(SLOT, s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[8], s[9], s[10], s[11],
                    s[12], s[13], s[14], s[15], s[16])
            end
            if mac ~= NONE6 then last = math.huge end
            if last == 0 then call('DEL', key)
            elseif last == math.huge then call('SET', key, table.concat(parts))
            else call('SET', key, table.concat(parts), 'PXAT', string.format('%.0f', last)) end
        end

        local names = {}
        local function base(pool)
            local name = names[pool]
            if not name then
                name = string.format(
                    'pool:%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x:', string.byte(pool, 1, 16))
                names[pool] = name
            end
            return name
        end

        local LEASED, FREED, BOUND = 1, 2, 3
        -- No two entries have one time: it tells a repeat from a newcomer.
        local entries = {}
        local function log(what, service, slot, pool, offset, mac)
            logged = logged + 1
            entries[#entries + 1] = pack('>BI8c16c16c16c16I6c6', what, logged, service, slot[3], slot[4], pool, offset, mac)
        end

        -- To be called at the end: one command for many costs a fraction.
        local function writeLog()
            for at = 1, #entries, 512 do
                call('RPUSH', 'ipam:log', unpack(entries, at, math.min(at + 511, #entries)))
            end
        end

        -- Gives one unit back: kept for its service for a while, or free at once.
        local function free(service, slot, at, mac)
            local pool, offset, sticky = slot[at], slot[at + 1] - 1, slot[at + 2]
            local name = base(pool)
            if call('HGET', name .. 'leased', offset) ~= service then return 0 end
            log(FREED, service, slot, pool, offset, mac)
            if sticky == 0 then
                call('HDEL', name .. 'leased', offset)
                call('SADD', name .. 'available', offset)
                return 0
            end
            call('ZADD', name .. 'idle', now + sticky * 1000, offset)
            return now + sticky * 1000
        end

        -- Ends a slot. It is remembered for what is kept for its service, and for a minute in any case: a server that did not
        -- hear of the end may tell of the grant again.
        local function release(service, slot, mac)
            local last = now + 60000
            for at = 7, 13, 3 do
                if slot[at + 1] > 0 then
                    local kept = free(service, slot, at, mac)
                    if kept == 0 then slot[at + 1] = 0 else last = math.max(last, kept) end
                end
            end
            slot[1], slot[6], slot[16] = RELEASED, last, NONE16
        end

        """

    /// KEYS[1] `ipam:ready`. ARGV[1] the requests, ARGV[2] the pools that they name by number.
    static let admit =
        record + """
            local OK, LIMIT, DEVICE, EMPTY, LOAD, UNREADY = 0, 1, 2, 3, 4, 5
            local ready = call('EXISTS', KEYS[1]) == 1
            local pools, left = {}, #ARGV[1] / 75
            for at = 1, #ARGV[2], 24 do
                local id, sticky, blocks = unpack_('>c16I4I4', ARGV[2], at)
                pools[#pools + 1] = {id = id, sticky = sticky, blocks = blocks, name = base(id), stock = {}, given = {}}
            end

            -- One unit of the pool: the one asked for if it is still the service's, else a free one. Third: how it was got.
            local function take(pool, service, wanted)
                local name = pool.name
                if wanted and call('HGET', name .. 'leased', wanted) == service then
                    return wanted, OK, call('ZREM', name .. 'idle', wanted) == 1 and 'idle' or 'own'
                end
                if #pool.stock == 0 then pool.stock = call('SPOP', name .. 'available', math.min(left, 64)) end
                local offset = table.remove(pool.stock)
                if offset then return offset, OK, 'fresh' end
                local idle = call('ZRANGE', name .. 'idle', 0, 0, 'WITHSCORES')
                local blocks = tonumber(call('GET', name .. 'blocks') or '0')
                if idle[1] and (tonumber(idle[2]) <= now or blocks >= pool.blocks) then
                    call('ZREM', name .. 'idle', idle[1])
                    -- At once: who had it before may be among those who ask.
                    call('HSET', name .. 'leased', idle[1], service)
                    return tonumber(idle[1]), OK, 'taken over'
                end
                if blocks < pool.blocks then return blocks, LOAD end
                return 0, EMPTY
            end

            -- What was taken from the available goes to its owners in one command.
            local function give()
                for _, pool in ipairs(pools) do
                    if #pool.given > 0 then
                        call('HSET', pool.name .. 'leased', unpack(pool.given))
                        pool.given = {}
                    end
                end
            end

            local out, seen = {}, {}
            local function answer(...) out[#out + 1] = pack(...) end

            local function admit(service, device, nas, admission, limit, flags, generation, mac, lease, wanted)
                local key = 's:' .. service
                local slots, bound, boundMac = read(key)
                local newlyBound = 0
                if flags % 4 >= 2 and mac ~= NONE6 then
                    if bound < generation then bound, boundMac = generation, NONE6 end
                    if boundMac == NONE6 then boundMac, newlyBound = mac, 2
                    elseif boundMac ~= mac then return answer('>B', DEVICE) end
                end

                local own, ownLive, live, kept, remembered, inUse = nil, false, {}, {}, {}, {}
                for _, s in ipairs(slots) do
                    if s[1] == RELEASED then
                        if s[6] > now then remembered[#remembered + 1] = s end
                    else
                        local counts = s[1] ~= LEAVING and s[6] > now
                        if not own and s[2] == device then own, ownLive = s, counts
                        else
                            kept[#kept + 1] = s
                            for at = 7, 13, 3 do
                                if s[at + 1] > 0 then inUse[s[at] .. s[at + 1]] = true end
                            end
                            if counts then live[#live + 1] = s end
                        end
                    end
                end
                -- Whoever was told to leave and is still there is told again: the answer that named him may have been lost.
                local replaced, leaving = {}, {}
                if flags % 2 == 1 then
                    for _, s in ipairs(kept) do
                        if s[1] == LEAVING and s[6] > now then leaving[#leaving + 1] = s end
                    end
                end
                if not ownLive and #live >= limit then
                    if flags % 2 == 0 then return answer('>B', LIMIT) end
                    table.sort(live, function(a, b) return a[5] < b[5] end)
                    for i = 1, #live - limit + 1 do replaced[i] = live[i] end
                end

                local slot = {PENDING, device, admission, nas, now, now + 60000, NONE16, 0, 0, NONE16, 0, 0, NONE16, 0, 0,
                    ownLive and own[3] or NONE16}
                local taken = {}
                for k = 1, 3 do
                    local pool = pools[wanted[k]]
                    if pool then
                        local at = 4 + k * 3
                        local before, from = nil, nil
                        if own and own[at] == pool.id and own[at + 1] > 0 then before, from = own[at + 1] - 1, own end
                        for i = #remembered, 1, -1 do
                            local s = remembered[i]
                            if not before and s[at] == pool.id and s[at + 1] > 0 and not inUse[s[at] .. s[at + 1]] then
                                before, from = s[at + 1] - 1, s
                            end
                        end
                        local offset, status, how = UNREADY, UNREADY, nil
                        if ready then offset, status, how = take(pool, service, before) end
                        if status ~= OK then
                            for _, t in ipairs(taken) do
                                if t.how == 'taken over' then call('HDEL', t.pool.name .. 'leased', t.offset) end
                                if t.how == 'fresh' or t.how == 'taken over' then
                                    call('SADD', t.pool.name .. 'available', t.offset)
                                elseif t.how == 'idle' then
                                    call('ZADD', t.pool.name .. 'idle', now + t.pool.sticky * 1000, t.offset)
                                end
                            end
                            return answer('>BBI4', status, k - 1, offset)
                        end
                        taken[#taken + 1] = {pool = pool, offset = offset, how = how, from = from, at = at}
                        slot[at], slot[at + 1], slot[at + 2] = pool.id, offset + 1, pool.sticky
                    end
                end
                for _, t in ipairs(taken) do
                    if t.how ~= 'own' then
                        local given = t.pool.given
                        given[#given + 1], given[#given + 2] = t.offset, service
                        log(LEASED, service, slot, t.pool.id, t.offset, mac)
                    end
                    -- Taken over: it must not be given back with the slot that had it.
                    if t.from and t.from[t.at + 1] == t.offset + 1 then t.from[t.at + 1] = 0 end
                end
                if own then
                    for at = 7, 13, 3 do
                        if own[at + 1] > 0 then free(service, own, at, mac) end
                    end
                end
                if newlyBound > 0 then log(BOUND, service, slot, NONE16, bound, mac) end

                answer('>BB', OK, newlyBound + (ownLive and 1 or 0))
                answer('>I6I6I6B', slot[8], slot[11], slot[14], #replaced + #leaving)
                for _, s in ipairs(leaving) do answer('>c16c16', s[3], s[4]) end
                for _, s in ipairs(replaced) do
                    s[1], s[6] = LEAVING, now + lease * 1000
                    answer('>c16c16', s[3], s[4])
                end
                local all = {}
                for _, s in ipairs(remembered) do all[#all + 1] = s end
                for _, s in ipairs(kept) do all[#all + 1] = s end
                all[#all + 1] = slot
                write(key, all, bound, boundMac)
            end

            local requests = ARGV[1]
            for at = 1, #requests, 75 do
                local service, device, nas, admission, limit, flags, generation, mac, lease, a, b, c =
                    unpack_('>c16c8c16c16BBI4c6I4BBB', requests, at)
                if seen[service] then give() end
                seen[service] = true
                admit(service, device, nas, admission, limit, flags, generation, mac, lease, {a, b, c})
                left = left - 1
            end
            give()
            for _, pool in ipairs(pools) do
                if #pool.stock > 0 then call('SADD', pool.name .. 'available', unpack(pool.stock)) end
            end
            writeLog()
            return table.concat(out)
            """

    /// ARGV[1] what NASes reported of sessions: begun, alive (both make the slot active), ended; 4 is told to leave. What is
    /// told again (+ 128) says nothing of a session that Redis does not know: it may be over.
    static let report =
        record + """
            local ended = 0
            local function born(admission) return (unpack_('>I6', admission)) end
            for at = 1, #ARGV[1], 61 do
                local what, service, device, admission, nas, lease = unpack_('>Bc16c8c16c16I4', ARGV[1], at)
                local key = 's:' .. service
                local slots, bound, mac = read(key)
                local isAgain = what >= 128
                what = what % 128
                local found, sameDevice, before = nil, nil, nil
                for i, s in ipairs(slots) do
                    if admission ~= NONE16 and s[3] == admission then found = i
                    elseif admission ~= NONE16 and s[16] == admission and s[1] ~= RELEASED then before = i
                    elseif s[2] == device and s[1] ~= RELEASED then sameDevice = i end
                end
                -- Either side may not know the admission: a NAS that does not echo Class, a slot made of its session.
                if not found and (admission == NONE16 or sameDevice and slots[sameDevice][3] == NONE16) then
                    found = sameDevice
                end
                local slot = found and slots[found]
                local isKnown = found or before
                if isAgain and not slot then
                    sameDevice = 0
                elseif not slot and before then
                    slot = slots[before]
                    if what == 3 then
                        -- The device's other login goes on.
                        slot[16] = NONE16
                        write(key, slots, bound, mac)
                        slot = nil
                    elseif slot[1] == PENDING or what == 1 and born(admission) >= born(slot[3]) then
                        -- The NAS took the answer to that one.
                        slot[3], slot[16] = slot[16], slot[3]
                    end
                elseif what == 3 and slot and slot[1] == ACTIVE and born(slot[16]) > born(slot[3]) and now - slot[5] < 30000 then
                    -- Reported over although the device came in once more: that session may yet begin.
                    slot[1], slot[3], slot[16], slot[6] = PENDING, slot[16], NONE16, now + 60000
                    ended = ended + 1
                    write(key, slots, bound, mac)
                    slot = nil
                end
                if what == 3 then
                    if slot and slot[1] ~= RELEASED then
                        ended = ended + 1
                        release(service, slot, mac)
                        write(key, slots, bound, mac)
                    elseif not isKnown and admission ~= NONE16 then
                        -- A server that did not hear of the end may tell of the grant yet.
                        slots[#slots + 1] = {RELEASED, device, admission, nas, 0, now + 60000,
                            NONE16, 0, 0, NONE16, 0, 0, NONE16, 0, 0, NONE16}
                        write(key, slots, bound, mac)
                    end
                elseif slot and slot[1] ~= RELEASED then
                    if what == 4 then slot[1] = LEAVING elseif slot[1] == PENDING then slot[1] = ACTIVE end
                    slot[6] = now + lease * 1000
                    write(key, slots, bound, mac)
                elseif not slot and not sameDevice then
                    -- Admitted while Redis was away, or before it was emptied: counted from now on.
                    slots[#slots + 1] = {ACTIVE, device, admission, nas, now, now + lease * 1000,
                        NONE16, 0, 0, NONE16, 0, 0, NONE16, 0, 0, NONE16}
                    write(key, slots, bound, mac)
                end
            end
            writeLog()
            return ended
            """

    /// KEYS[1] the pool's prefix `pool:<id>:`. ARGV[1] how many blocks are thought to be loaded, ARGV[2] how many are then,
    /// ARGV[3] the usable offsets of those between, in words. Adds those that nobody has. 1 when they were loaded, 0 when
    /// another server was first.
    static let load = """
        local name = KEYS[1]
        if tonumber(redis.call('GET', name .. 'blocks') or '0') ~= tonumber(ARGV[1]) then return 0 end
        redis.call('SET', name .. 'blocks', ARGV[2])
        -- By the hundred, and as text: a call for each, and numbers made into text, would stop Redis for 16 ms.
        local some = {}
        local function add()
            local owners, free = redis.call('HMGET', name .. 'leased', unpack(some)), {}
            for i, offset in ipairs(some) do
                if not owners[i] then free[#free + 1] = offset end
            end
            if #free > 0 then redis.call('SADD', name .. 'available', unpack(free)) end
            some = {}
        end
        for offset in string.gmatch(ARGV[3], '%d+') do
            some[#some + 1] = offset
            if #some == 512 then add() end
        end
        if #some > 0 then add() end
        return 1
        """

    /// KEYS[1] the pool's prefix. ARGV[1] who asks, ARGV[2] how many blocks the pool has. Keeps the next block back for the
    /// asker; its number, or -1 when none is left.
    static let reserve = """
        local block = tonumber(redis.call('GET', KEYS[1] .. 'blocks') or '0')
        if block >= tonumber(ARGV[2]) then return -1 end
        redis.call('SET', KEYS[1] .. 'blocks', block + 1)
        redis.call('HSET', KEYS[1] .. 'reserved', block, ARGV[1])
        return block
        """

    /// KEYS[1] the pool's prefix. ARGV[1] offsets that were kept back, 6 octets each: they are everybody's again.
    static let giveBack = """
        for at = 1, #ARGV[1], 6 do
            local offset = struct.unpack('>I6', ARGV[1], at)
            if redis.call('HEXISTS', KEYS[1] .. 'leased', offset) == 0 then
                redis.call('SADD', KEYS[1] .. 'available', offset)
            end
        end
        return 1
        """

    /// KEYS[1] the pool's prefix. ARGV[1] a unit that belongs to somebody for good: nobody else gets it from the pool.
    static let strike = """
        redis.call('SREM', KEYS[1] .. 'available', ARGV[1])
        redis.call('ZREM', KEYS[1] .. 'idle', ARGV[1])
        redis.call('HSET', KEYS[1] .. 'leased', ARGV[1], string.rep('\\0', 16))
        return 1
        """
}
