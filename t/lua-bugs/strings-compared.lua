-- l_strcmp reads past texts that have zeros in them (before 5.4.7).
return function()
  local texts = { "", "\0", "a\0", "a\0b", "a\0\0", "\0a", ("\0"):rep(1000), ("a\0"):rep(1000), ("a"):rep(1000) .. "\0", "\255\0\255" }
  local n = 0
  for _, a in ipairs(texts) do
    for _, b in ipairs(texts) do n = n + (a < b and 1 or 0) + (a <= b and 1 or 0) end
  end
  return n
end
