/// The script by which what was granted elsewhere comes to stand in Redis; the keys of ``AdmissionLua``.
extension AdmissionLua {
    /// ARGV[1] grants that were made elsewhere and must stand here: replayed after a failover, given while Redis was away,
    /// or read from Postgres (state + 128: no entry is logged for them). Of two grants of one unit to two services, and of two
    /// grants to one device, the later stands: the earlier's session was over by then, and a new primary lacks its end. What
    /// Postgres tells replaces nothing. State 4 is a unit that is only kept for its service: it stands unless somebody has it.
    /// One octet each: 1 stands, 0 another has it.
    static let claim =
        record + """
            local out = {}

            -- Takes a unit from another service that has no right to it any more: it is only kept for it, or its session there
            -- began before this grant.
            local function takeFrom(owner, pool, offset, since)
                if owner == NONE16 then return false end
                local name, key = base(pool), 's:' .. owner
                if not call('ZSCORE', name .. 'idle', offset) then
                    local slots, bound, mac = read(key)
                    for _, s in ipairs(slots) do
                        for at = 7, 13, 3 do
                            if s[1] ~= RELEASED and s[at] == pool and s[at + 1] == offset + 1 then
                                if s[5] >= since then return false end
                                release(owner, s, mac)
                                write(key, slots, bound, mac)
                                break
                            end
                        end
                    end
                end
                call('ZREM', name .. 'idle', offset)
                call('HDEL', name .. 'leased', offset)
                return true
            end

            local function claim(service, device, admission, nas, pool, offset, sticky, use, state, since, lease, mac, stored)
                local key = 's:' .. service
                local slots, bound, boundMac = read(key)
                local slot
                for _, s in ipairs(slots) do
                    -- The device's session of that time, or a later one, ended since.
                    local isOver = s[1] == RELEASED and s[2] == device and since <= s[5]
                    if isOver and state ~= RELEASED and not stored then return 1 end
                    local same = admission ~= NONE16 and s[3] == admission
                    if state == RELEASED then
                        if same and s[1] == RELEASED then slot = s end
                    elseif same or (s[2] == device and s[1] ~= RELEASED and not (slot and slot[3] == admission)) then slot = s end
                end
                if slot and slot[1] == RELEASED and state ~= RELEASED then return 1 end
                local isOther = slot and state ~= RELEASED and admission ~= NONE16 and slot[3] ~= NONE16 and slot[3] ~= admission
                if isOther and not stored then
                    if since < slot[5] then
                        -- The device came in again since: what it had then is nobody's now.
                        if slot[16] == NONE16 then slot[16] = admission end
                        write(key, slots, bound, boundMac)
                        return 1
                    end
                    slot[16], slot[1], slot[3] = slot[3], state, admission
                    slot[4], slot[5], slot[6] = nas, since, now + lease * 1000
                end

                local stands, fresh, owner = 1, false, nil
                if pool ~= NONE16 then
                    local name = base(pool)
                    owner = call('HGET', name .. 'leased', offset)
                    local isAnothers = owner and owner ~= service
                    if isAnothers and state ~= RELEASED and not stored and takeFrom(owner, pool, offset, since) then
                        owner, isAnothers = nil, false
                    end
                    if isAnothers then stands = 0
                    else
                        call('SREM', name .. 'available', offset)
                        -- What was kept for its service is its own again from now on.
                        if state ~= RELEASED then fresh = call('ZREM', name .. 'idle', offset) == 1
                        elseif not owner then call('ZADD', name .. 'idle', now + lease * 1000, offset) end
                        if not owner then
                            call('HSET', name .. 'leased', offset, service)
                            fresh = true
                        end
                    end
                end
                -- A unit that is kept and stands already has its slot; one that another has needs none.
                if state == RELEASED and not fresh then slot = {} end
                if slot and slot[3] == NONE16 then slot[3] = admission end
                if not slot then
                    slot = {state, device, admission, nas, since, now + lease * 1000, NONE16, 0, 0, NONE16, 0, 0, NONE16, 0, 0,
                        NONE16}
                    slots[#slots + 1] = slot
                end
                if stands == 1 and pool ~= NONE16 then
                    local i = 4 + use * 3
                    local other = (slot[i + 1] or 0) > 0 and (slot[i] ~= pool or slot[i + 1] ~= offset + 1)
                    if other and not stored then free(service, slot, i, mac) end
                    if not other or not stored then slot[i], slot[i + 1], slot[i + 2] = pool, offset + 1, sticky end
                    if fresh and not stored then log(LEASED, service, slot, pool, offset, mac) end
                end
                write(key, slots, bound, boundMac)
                return stands
            end

            for at = 1, #ARGV[1], 100 do
                local service, device, admission, nas, pool, offset, sticky, use, state, since, lease, mac =
                    unpack_('>c16c8c16c16c16I6I4BBI6I4c6', ARGV[1], at)
                out[#out + 1] = string.char(
                    claim(service, device, admission, nas, pool, offset, sticky, use, state % 128, since, lease, mac, state >= 128))
            end
            writeLog()
            return table.concat(out)
            """
}
