-- words: how a search finds "Émile" when somebody types "émile". A note carries the different words of its text in small
-- letters, one after the other; a search wants each word it is given to occur among them, in whole or in part.

local words = {}

-- Capitals beyond ASCII, and how far away their small letters are: Latin, Greek, Cyrillic.
local small = {}
for _, range in ipairs {
  { 0xC0, 0xD6, 32 }, { 0xD8, 0xDE, 32 },
  { 0x391, 0x3A1, 32 }, { 0x3A3, 0x3AB, 32 },
  { 0x400, 0x40F, 80 }, { 0x410, 0x42F, 32 },
} do
  for code = range[1], range[2] do small[utf8.char(code)] = utf8.char(code + range[3]) end
end
for _, range in ipairs { { 0x100, 0x136 }, { 0x139, 0x147 }, { 0x14A, 0x176 } } do
  for code = range[1], range[2], 2 do small[utf8.char(code)] = utf8.char(code + 1) end
end

local function each(text)
  return text:lower():gsub("[\xC3-\xD0][\x80-\xBF]", small):gmatch("[%w\x80-\xFF]+")
end

-- Every word of the text once, in small letters.
function words.of(text)
  local seen, list = {}, {}
  for word in each(text) do
    if not seen[word] then
      seen[word] = true
      list[#list + 1] = word
    end
  end
  return table.concat(list, " ")
end

local AT_MOST = 8 -- words of one search

-- Conditions that are true of a field made by words.of when it has all words of `text`.
function words.conditions(field, text)
  local list = {}
  for word in each(text) do
    if #list < AT_MOST then list[#list + 1] = { [field] = { contains = word:sub(1, 100) } } end
  end
  return list
end

return words
