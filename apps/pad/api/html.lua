-- html: templates that cannot forget to escape.
--
--   local item = html [[<li><a href="/n/{id}">{title}</a></li>]]
--   local list = html [[<ul>{items}</ul>]]
--   list { items = { item { id = "1", title = "a < b" }, item { … } } }
--
-- A template is a function from values to a piece. In its text {name} stands for a value: text and numbers are
-- escaped, pieces are not, a list is its members in a row, nil and false are nothing. tostring(piece) is the page.

local piece = {}
piece.__index = piece
piece.__tostring = function(self) return self.text end

local entities = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }

local function show(value)
  if not value then return "" end
  if getmetatable(value) == piece then return value.text end
  if type(value) ~= "table" then return (tostring(value):gsub("[&<>\"']", entities)) end
  local parts = {}
  for i, member in ipairs(value) do parts[i] = show(member) end
  return table.concat(parts)
end

return function(template)
  return function(values)
    local text = template:gsub("{([a-z_]+)}", function(name) return show(values and values[name]) end)
    return setmetatable({ text = text }, piece)
  end
end
