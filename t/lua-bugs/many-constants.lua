-- With more than 256 constants a bitwise operator takes its operand from the wrong place (5.4.4).
return function()
  local wrong = 0
  for _, n in ipairs { 10, 250, 255, 256, 257, 300, 2000 } do
    local text = { "local a, t = 0xF0F0F0, {" }
    for i = 1, n do text[#text + 1] = "'c" .. i .. "'," end
    text[#text + 1] = "} return a & 0x123456, 0x123456 & a, a | 0x234567, a ~ 0x345678, 0x345678 ~ a, a << 3, 3 << a, ~a, a & 1.0, a // 0x456789, a % 0x56789A, 0x123457 & (a + 1), 0x123458 | (a - 1), 0x123459 ~ #t, (a * 2) & 0x12345A"
    local f = assert(load(table.concat(text)))
    local a = 0xF0F0F0
    local want = { a & 0x123456, 0x123456 & a, a | 0x234567, a ~ 0x345678, 0x345678 ~ a, a << 3, 3 << a, ~a, a & 1, a // 0x456789, a % 0x56789A, 0x123457 & (a + 1), 0x123458 | (a - 1), 0x123459 ~ n, (a * 2) & 0x12345A }
    local got = table.pack(pcall(f))
    for i, v in ipairs(want) do
      if got[i + 1] ~= v then wrong = wrong + 1 end
    end
  end
  return wrong
end
