-- Something of everything that allocates: while it loads, and in a request.
local fazt = require("fazt")
local html = require("fazt.html")
local words = {}
for i = 1, 100 do words[i] = { n = i, s = ("x"):rep(i) } end
local asks = setmetatable({}, { __index = function(_, k) return k .. "?" end })

return {
	["GET /"] = function(req)
		local out = {}
		for i, word in ipairs(words) do out[#out + 1] = word.s .. i end
		table.sort(out)
		local caught = select(2, pcall(error, { code = 1 })).code
		local each = coroutine.wrap(function() for i = 1, 10 do coroutine.yield({ i }) end end)
		local sum = 0
		for _ = 1, 10 do sum = sum + each()[1] end
		local text = table.concat(out):gsub("x", "yz")
		return { json = { n = #out, sum = sum, caught = caught, asked = asks.a, len = #text, q = req.query.q, deep = { { { {} } } }, app = fazt.app ~= nil, html = html ~= nil } }
	end,
}
