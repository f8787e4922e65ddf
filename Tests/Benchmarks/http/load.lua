-- wrk's side of the phases over HTTP: GET of random lines of the file BENCH_TARGETS with the token in BENCH_TOKEN, which so
-- stands in no argument list. Writes its figures to the file BENCH_RESULT as JSON, latencies in microseconds.

local targets, tail = {}, nil

function init(_)
    for line in io.lines(os.getenv("BENCH_TARGETS")) do targets[#targets + 1] = line end
    math.randomseed(tonumber(os.getenv("BENCH_SEED")))
    tail = " HTTP/1.1\r\nHost: " .. wrk.headers["Host"] .. "\r\nAuthorization: Bearer " .. os.getenv("BENCH_TOKEN") ..
        "\r\nAccept: application/json\r\n\r\n"
end

function request() return "GET " .. targets[math.random(#targets)] .. tail end

function done(summary, latency, _)
    local file = assert(io.open(os.getenv("BENCH_RESULT"), "w"))
    local seconds = summary.duration / 1000000
    local broken = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
    file:write(string.format(
        '{"per_second":%.1f,"requests":%d,"seconds":%.2f,"octets":%d,"refused":%d,"lost":%d,' ..
        '"latency_us":{"p50":%d,"p95":%d,"p99":%d,"p999":%d,"max":%d}}\n',
        summary.requests / seconds, summary.requests, seconds, summary.bytes, summary.errors.status, broken,
        latency:percentile(50), latency:percentile(95), latency:percentile(99), latency:percentile(99.9), latency.max))
    file:close()
end
