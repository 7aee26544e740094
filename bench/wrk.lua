-- How wrk sends each of the prepared requests once, in their order, and tells what came of them.
--
--   wrk -t1 -cCONNECTIONS … -s wrk.lua URL -- CONNECTIONS FILE [MARK]
--
-- FILE holds whole requests, each after a line with its length in bytes. How often MARK stands in the answers is counted.
-- Standard error gets a line of JSON and then an answer, the first one or those that were refused.
-- With the last answer wrk is told to stop, by the signal that a person would send.

local ffi = require("ffi")
ffi.cdef([[
typedef struct { long seconds; long nanoseconds; } instant_t;
int clock_gettime(int clock, instant_t *instant);
int getpid(void);
int kill(int process, int signal);
]])

local MONOTONIC, INTERRUPT, SAMPLE_BYTES = 1, 2, 2000

local the_thread

local function now()
  local instant = ffi.new("instant_t")
  ffi.C.clock_gettime(MONOTONIC, instant)
  return tonumber(instant.seconds) + tonumber(instant.nanoseconds) / 1e9
end

local function read_requests(path)
  local file = assert(io.open(path, "rb"))
  local requests = {}
  for length in file:lines() do
    requests[#requests + 1] = file:read(tonumber(length))
  end
  file:close()
  return requests
end

local function times_in(text, wanted)
  local times, last = 0, 0
  repeat
    _, last = text:find(wanted, last + 1, true)
    times = times + (last and 1 or 0)
  until not last
  return times
end

function setup(thread)
  the_thread = thread
end

-- Of the thread that sends. What is global here is what `done` can ask of it.
function init(arguments)
  connections, requests, mark = tonumber(arguments[1]), read_requests(arguments[2]), arguments[3] or ""
  sent = -1 -- wrk looks at one request before it begins
  answered, marked, statuses, sample = 0, 0, {}, ""
  began, ended = 0, 0
end

function request()
  sent = sent + 1
  if sent == 1 then
    began = now()
  end
  return requests[math.max(sent, 1)] or "" -- with nothing left to send a connection waits
end

function response(status, _, body)
  answered = answered + 1
  statuses[status] = (statuses[status] or 0) + 1
  if answered == 1 or ((status < 200 or status > 299) and #sample < SAMPLE_BYTES) then
    sample = sample .. status .. " " .. body
  end
  if mark ~= "" then
    marked = marked + times_in(body, mark)
  end
  ended = now()
  if answered == #requests then
    ffi.C.kill(ffi.C.getpid(), INTERRUPT)
  end
end

-- Where an answer takes long, wrk adds the times of the requests that a steadier connection would have sent meanwhile.
-- Here a caller sends its next request when it has its answer, so they are taken out again: how often each time was seen.
local function times_seen(latency, interval)
  local times, values = {}, {}
  for number = 1, #latency do
    local value, count = latency(number)
    values[number], times[value] = value, count
  end
  table.sort(values, function(a, b) return a > b end)
  for _, value in ipairs(values) do
    local added = value >= 2 * interval and value - interval or 0
    while added > interval do
      times[added] = times[added] - times[value]
      added = added - interval
    end
  end
  return times, values
end

-- In milliseconds; `values` are in microseconds, the longest first.
local function percentile(times, values, count, share)
  local left = count * (1 - share)
  for _, value in ipairs(values) do
    left = left - times[value]
    if left < 0 then
      return value / 1000
    end
  end
  return 0
end

function done(summary, latency, _)
  local function of_thread(name)
    return the_thread:get(name)
  end
  local answers = of_thread("answered")
  local interval = math.floor(summary.duration / math.floor(summary.requests / of_thread("connections")))
  local times, values = times_seen(latency, interval)
  local function at(share)
    return percentile(times, values, answers, share)
  end
  local statuses = {}
  for status, times in pairs(of_thread("statuses")) do
    statuses[#statuses + 1] = string.format('"%d": %d', status, times)
  end
  local lost = summary.errors.connect + summary.errors.read + summary.errors.write
  io.stderr:write(string.format(
    '{"requests": %d, "failed_connections": %d, "statuses": {%s}, "marked": %d, "seconds": %.6f, '
      .. '"p50_ms": %.3f, "p90_ms": %.3f, "p99_ms": %.3f, "max_ms": %.3f}\n%s',
    answers, lost, table.concat(statuses, ", "), of_thread("marked"), of_thread("ended") - of_thread("began"),
    at(0.5), at(0.9), at(0.99), latency.max / 1000, of_thread("sample")
  ))
end
