-- Each thread is one person's browser: all its connections ask for one of the 10 000 hosts.
local threads = 0

function setup(thread)
    thread:set("number", threads)
    threads = threads + 1
end

function init(arguments)
    local host = string.format("app-%05d.localhost", number * 1249 % 10000)
    wrk.headers["Host"] = host .. ":" .. arguments[1]
    wrk.headers["Cookie"] = arguments[2]
    wrk.headers["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
    wrk.headers["Accept"] = "*/*"
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format('RESULT {"requests": %d, "seconds": %.4f, "p50": %d, "p99": %d, "failed": %d}\n',
        summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(99),
        errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
