-- The name of what failed is looked for along the whole chain of fields, for each link anew (before 5.4.7: quadratic, and it
-- overflows the C stack). A file of the app may be longer than what load takes: t/650-lua-bugs.t makes one as well.
return function()
  local whys = {}
  for _, n in ipairs { 100, 3000, 12000 } do
    local f = load("local a = {} a.a = a return a" .. (".a"):rep(n) .. ".b.c")
    local _, why = pcall(f)
    whys[#whys + 1] = #tostring(why)
  end
  return table.concat(whys, " ")
end
