-- Yields in the middle of everything that may be resumed: metamethods, iterators, closing values, protected calls.
return function()
  local yield = coroutine.yield
  local mt = {}
  for _, name in ipairs { "__index", "__newindex", "__add", "__concat", "__lt", "__le", "__eq", "__len", "__call", "__unm", "__close", "__bnot", "__shl" } do mt[name] = function(a) yield(name) return name == "__lt" or name == "__le" or name == "__eq" or a end end
  local function object() return setmetatable({}, mt) end
  local function body()
    local x <close> = object()
    local a, b = object(), object()
    local _ = a.x, a + b, a .. "x" .. b .. b, a < b, a <= b, a == b, #a, a(1), -a, ~a, a << 1
    a.y = 1
    for i in function(_, n) yield(n) return (n or 0) < 3 and (n or 0) + 1 or nil end, nil, nil, object() do if i == 2 then break end end
    pcall(function() local y <close> = object() error(yield("in")) end)
    xpcall(yield, yield, "again")
    return pcall(pcall, pcall, yield, "thrice")
  end
  local n = 0
  for stop = 1, 60 do
    local co = coroutine.create(body)
    for _ = 1, stop do
      n = n + 1
      if not coroutine.resume(co, stop) then break end
    end
  end
  return n
end
