-- Ask for queries from a template: {n} cycles through the initiatives; in mode "first" a comment makes each text new.
-- A pause in milliseconds before each request paces the load; without one, requests follow at once.
-- A sixth argument names a file whose lines take the place of the numbers, a seventh is an ETag to ask with.
local template, initiatives, mode, pause, etag
local values = {}
local counter = 0

function init(args)
  template, initiatives, mode = args[1], tonumber(args[2]), args[3]
  counter, pause = tonumber(args[4]), tonumber(args[5])
  etag = args[7]
  if args[6] and args[6] ~= "" then
    for line in io.lines(args[6]) do values[#values + 1] = line end
  end
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
  local value = (values[number + 1] or tostring(number)):gsub("%%", "%%%%")
  local text = template:gsub("{n}", value)
  if mode == "first" then text = text .. " #" .. counter end
  local headers = { Accept = "application/sparql-results+json", ["If-None-Match"] = etag }
  return wrk.format("GET", wrk.path .. (wrk.path:find("?", 1, true) and "&query=" or "?query=") .. encode(text), headers)
end

function done(summary, latency)
  io.write(string.format(
    "RESULT %d %d %.1f %.1f %d\n", summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    summary.errors.status + summary.errors.read + summary.errors.timeout + summary.errors.connect))
end
