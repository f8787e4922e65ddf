/// The limits as Redis keeps them, by its own clock: one answer for every gateway.
enum RateLua {
    /// A window is a sorted set: for each call that counted requests a member `word:count` with the moment as its score, and
    /// the member `n` with the sum of their counts, which is negative so that it stands before all moments. A bucket is what was
    /// left in it and when that was.
    ///
    /// Arguments: a word that tells this call from every other, how many rules there are, for each of them key, `w` or `b`,
    /// limit and window in milliseconds, or capacity and refill a second; then for each request the numbers of its rules
    /// with blanks between them, `v` before one that is looked at and not counted. Answer: for each request 1 or 0, then for each of its rules what remains and when, in
    /// milliseconds, it is reset. A request counts unless one of its rules refuses it, each after those before it.
    static let take = """
        local clock = redis.call('TIME')
        local now = clock[1] * 1000000 + clock[2]
        local function count(member) return tonumber(string.match(member, '(%d+)$')) end
        -- When one more than that many of the oldest have left the window.
        local function freed(rule, over)
            local passed, at, size = 0, 0, over > 0 and 100 or 1
            while true do
                local page = redis.call('ZRANGEBYSCORE', rule.key, 0, '+inf', 'WITHSCORES', 'LIMIT', at, size)
                if #page == 0 then return now end
                for i = 1, #page, 2 do
                    passed = passed + count(page[i])
                    if passed > over then return tonumber(page[i + 1]) end
                end
                at = at + size
            end
        end
        local function reset(rule)
            if rule.kind == 'b' then
                local missing = rule.left >= 1 and rule.limit - rule.left or 1 - rule.left
                return math.ceil(missing * 1000 / rule.span)
            end
            if rule.left < rule.limit and not rule.first then rule.first = freed(rule, 0) end
            local from = rule.first or now
            if rule.left < 0 then from = freed(rule, -rule.left) end
            return math.ceil((from + rule.span * 1000 - now) / 1000)
        end
        local rules = {}
        local at = 3
        for number = 1, tonumber(ARGV[2]) do
            local rule = { key = ARGV[at], kind = ARGV[at + 1], limit = tonumber(ARGV[at + 2]), span = tonumber(ARGV[at + 3]), taken = 0 }
            if rule.kind == 'w' then
                local total = -(tonumber(redis.call('ZSCORE', rule.key, 'n')) or 0)
                local edge = now - rule.span * 1000
                local gone = redis.call('ZRANGEBYSCORE', rule.key, 0, edge)
                if #gone > 0 then
                    for _, member in ipairs(gone) do total = total - count(member) end
                    redis.call('ZREMRANGEBYSCORE', rule.key, 0, edge)
                    rule.changed = true
                end
                rule.left = rule.limit - total
            else
                local stored = redis.call('HMGET', rule.key, 'left', 'at')
                local left = tonumber(stored[1]) or rule.limit
                rule.left = math.min(rule.limit, left + (now - (tonumber(stored[2]) or now)) * rule.span / 1000000)
            end
            rules[number] = rule
            at = at + 4
        end
        local answer = {}
        for i = at, #ARGV do
            local asked, allowed = {}, 1
            for mark, number in string.gmatch(ARGV[i], '(v?)(%d+)') do
                local rule = rules[tonumber(number)]
                asked[#asked + 1] = { rule, mark == '' }
                if rule.left < 1 then allowed = 0 end
            end
            answer[#answer + 1] = allowed
            for _, one in ipairs(asked) do
                local rule, counts = one[1], one[2]
                local wait = reset(rule)
                if allowed == 1 and counts then
                    rule.left = rule.left - 1
                    rule.taken = rule.taken + 1
                end
                answer[#answer + 1] = math.max(0, math.floor(rule.left))
                answer[#answer + 1] = math.max(1, wait)
            end
        end
        for _, rule in ipairs(rules) do
            if rule.kind == 'w' then
                if rule.taken > 0 then
                    redis.call('ZADD', rule.key, now, ARGV[1] .. ':' .. rule.taken, rule.left - rule.limit, 'n')
                    redis.call('PEXPIRE', rule.key, rule.span)
                elseif rule.changed and rule.left == rule.limit then
                    redis.call('DEL', rule.key)
                elseif rule.changed then
                    redis.call('ZADD', rule.key, rule.left - rule.limit, 'n')
                end
            elseif rule.taken > 0 then
                redis.call('HSET', rule.key, 'left', tostring(rule.left), 'at', now)
                redis.call('PEXPIRE', rule.key, math.ceil(rule.limit * 1000 / rule.span) + 1000)
            end
        end
        return answer
        """
}
