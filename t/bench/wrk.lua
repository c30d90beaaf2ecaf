-- One job for wrk: METHOD, BODY and HEADERS ("Name: value" lines) from the environment; with IDS, a file of keys, each
-- request asks for the next one. At the end, one line of figures.
local ids, at = {}, 0
if os.getenv("IDS") then
	for id in io.lines(os.getenv("IDS")) do ids[#ids + 1] = id end
end

wrk.method = os.getenv("METHOD") or "GET"
wrk.body = os.getenv("BODY")
for name, value in (os.getenv("HEADERS") or ""):gmatch("([^:\n]+): ([^\n]*)") do
	wrk.headers[name] = value
end

if #ids > 0 then
	function request()
		at = at % #ids + 1
		return wrk.format(nil, wrk.path .. ids[at])
	end
end

function done(summary, latency)
	local bad = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.status + summary.errors.timeout
	print(("figures %.1f %.3f %.3f %d %d"):format(summary.requests / (summary.duration / 1e6),
		latency:percentile(50) / 1000, latency:percentile(99) / 1000, bad, summary.requests))
end
