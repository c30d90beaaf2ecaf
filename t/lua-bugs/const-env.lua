-- CVE-2022-28805: a global where _ENV is a constant of compile time.
return function()
  local texts = { "local _ENV <const> = 11; x = 1", "local _ENV <const> = 1; return x", "local _ENV <const> = nil; x.y = 1", "local _ENV <const> = 'a'; return x.y.z", "local _ENV <const> = true; function f() return x end",
    "local _ENV <close> = nil; x = 1", "local _ENV <const> = 1.5; for x = 1, 2 do y = x end", "local x <const> = 1; x = 2", "local _ENV <const> = 11; return function() return function() return _ENV, z end end",
    "local function f(_ENV) return function() return a end end return f(5)()" }
  local n = 0
  for _, text in ipairs(texts) do
    local f = load(text)
    if f and pcall(f) then n = n + 1 end
  end
  return n
end
