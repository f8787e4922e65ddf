-- wrk's side of the phase money: a top-up of a random customer of the file BENCH_TARGETS, each under a key of its own, answered with
-- its result. Whatever is not 201 counts as refused. Writes what load.lua writes.

local targets, tail, threads = {}, nil, {}
local body = '{"amount":"0.01","method":"manual"}'

function setup(thread) threads[#threads + 1] = thread end

function init(_)
    others = 0
    for line in io.lines(os.getenv("BENCH_TARGETS")) do targets[#targets + 1] = line end
    math.randomseed(tonumber(os.getenv("BENCH_SEED")))
    -- Two runs with one seed are two runs, and no key is used twice.
    run = string.format("%d-%d-", os.time(), math.random(1000000000))
    number = 0
    tail = " HTTP/1.1\r\nHost: " .. wrk.headers["Host"] .. "\r\nAuthorization: Bearer " .. os.getenv("BENCH_TOKEN") ..
        "\r\nAccept: application/json\r\nContent-Type: application/json\r\nPrefer: wait=20\r\nContent-Length: " .. #body ..
        "\r\nIdempotency-Key: "
end

function request()
    number = number + 1
    return "POST " .. targets[math.random(#targets)] .. "/top-ups" .. tail .. run .. number .. "\r\n\r\n" .. body
end

function response(status) if status ~= 201 then others = others + 1 end end

function done(summary, latency, _)
    local refused = 0
    for _, thread in ipairs(threads) do refused = refused + thread:get("others") end
    local file = assert(io.open(os.getenv("BENCH_RESULT"), "w"))
    local seconds = summary.duration / 1000000
    local broken = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
    file:write(string.format(
        '{"per_second":%.1f,"requests":%d,"seconds":%.2f,"octets":%d,"refused":%d,"lost":%d,' ..
        '"latency_us":{"p50":%d,"p95":%d,"p99":%d,"p999":%d,"max":%d}}\n',
        summary.requests / seconds, summary.requests, seconds, summary.bytes, refused, broken,
        latency:percentile(50), latency:percentile(95), latency:percentile(99), latency:percentile(99.9), latency.max))
    file:close()
end
