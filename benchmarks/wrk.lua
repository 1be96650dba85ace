-- Ask for queries from a template: {n} cycles through the initiatives; in mode "first" a comment makes each text new.
-- A pause in milliseconds before each request paces the load; without one, requests follow at once.
local template, initiatives, mode, pause
local counter = 0

function init(args)
  template, initiatives, mode = args[1], tonumber(args[2]), args[3]
  counter, pause = tonumber(args[4]), tonumber(args[5])
  if pause > 0 then
    function delay() return pause end
  end
end

local function encode(text)
  return (text:gsub("[^%w%-%._~]", function(c) return string.format("%%%02X", c:byte()) end))
end

function request()
  counter = counter + 1
  local number = mode == "first" and counter * 7919 % initiatives or 1
  local text = template:gsub("{n}", tostring(number))
  if mode == "first" then text = text .. " #" .. counter end
  return wrk.format("GET", wrk.path .. "?query=" .. encode(text), { Accept = "application/sparql-results+json" })
end

function done(summary, latency)
  io.write(string.format(
    "RESULT %d %d %.1f %.1f %d\n", summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    summary.errors.status + summary.errors.read + summary.errors.timeout + summary.errors.connect))
end
