-- CVE-2021-44964 and its like: a collection where values are only on their way from one place to another.
return function()
  local function garbage() local t = {} for i = 1, 2000 do t[i] = { i .. "x" } end end
  local mt = { __close = garbage, __index = function() garbage() return 1 end, __newindex = function(t, k, v) garbage() rawset(t, k, v) end, __concat = function() garbage() return "c" end,
    __eq = function() garbage() return true end, __lt = function() garbage() return true end, __le = function() garbage() return true end, __len = function() garbage() return 1 end, __call = function(...) garbage() return ... end, __unm = function(a) garbage() return a end, __add = function(a) garbage() return a end }
  local function object() return setmetatable({}, mt) end
  for i = 1, 30 do
    local a <close>, b = object(), object()
    local c = a + b .. "x" .. -a .. #b
    b[i] = a[i] b["k" .. i] = object()
    local _ = a == object(), a < b, a <= object()
    local t = { a(), b(1, 2), object()(object()), n = object().x }
    local co = coroutine.wrap(function(...) local d <close> = object() coroutine.yield(object(), ...) return object() .. object() end)
    co(object(), {}) co()
    table.sort({ object(), object(), object() })
    pcall(error, object())
  end
  return "done"
end
