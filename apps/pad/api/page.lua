-- page: the frame of every page of Pad, and the small parts that several are made of.

local fazt = require "fazt"
local html = require "html"
local notes = require "notes"

local page = {}

local headers = {
  ["content-security-policy"] = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
}

local layout = html [[
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="theme-color" content="#f4f5f2" media="(prefers-color-scheme: light)">
<meta name="theme-color" content="#141816" media="(prefers-color-scheme: dark)">
<title>{title}</title>
<link rel="icon" href="/icon.svg">
<link rel="stylesheet" href="/app.css">
<script type="module" src="/app.js"></script>
</head>
<body class="{kind}">
{body}
</body>
</html>
]]

-- A response; kind is the class of the body.
function page.show(kind, title, body, status)
  return { status = status, html = tostring(layout { kind = kind, title = title, body = body }), headers = headers }
end

local icons = {
  back = "M15 5l-7 7 7 7",
  plus = "M12 5v14M5 12h14",
  search = "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM20 20l-4-4",
  pin = "M9 4h6l-1 6 3.5 4h-11L10 10zM12 14v6",
  share = "M12 15V4M8 7.5L12 3.5l4 4M5 12v8h14v-8",
  trash = "M4 7h16M9 7V4h6v3M6.5 7l1 13h9l1-13",
  people = "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 20c.6-3.6 3.2-5.5 6.5-5.5s5.9 1.9 6.5 5.5M16 4.3a3.5 3.5 0 0 1 0 6.4M18 14.9c2 .8 3.2 2.6 3.5 5.1",
  link = "M10 14l4-4M9 7.5l2-2a4.6 4.6 0 0 1 6.5 6.5l-2 2M15 16.5l-2 2A4.6 4.6 0 0 1 6.5 12l2-2",
}
local drawing = html [[<svg width="20" height="20" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="{path}"/></svg>]]

function page.icon(name)
  return drawing { path = icons[name] }
end

local time = html [[<time datetime="{iso}">{text}</time>]]

local MINUTE, HOUR, DAY = 60, 3600, 86400

local function ago(ms)
  local seconds = math.max(0, (fazt.now() - ms) // 1000)
  if seconds < MINUTE then return "just now" end
  if seconds < HOUR then return seconds // MINUTE .. " min ago" end
  if seconds < DAY then return seconds // HOUR .. " h ago" end
  if seconds < 7 * DAY then return seconds < 2 * DAY and "yesterday" or seconds // DAY .. " days ago" end
  return (os.date("!%d %b %Y", ms // 1000):gsub("^0", ""))
end

function page.when(ms)
  return time { iso = os.date("!%Y-%m-%dT%H:%M:%SZ", ms // 1000), text = ago(ms) }
end

function page.name_of(names, id)
  return names[id] or "somebody who left"
end

-- What a note without a title is called: its first words.
function page.titled(note)
  if note.title ~= "" then return note.title end
  local words = (note.excerpt or note.body or ""):match("^%s*([^\n]*)")
  return words ~= "" and notes.cut(words, 60) or "Untitled"
end

-- Plain text with its addresses made into links. What follows a link as punctuation is not part of it.
local anchor = html [[<a href="{url}" rel="noopener noreferrer nofollow">{url}</a>]]
local prose = html [[<div class="prose">{parts}</div>]]

function page.text_with_links(text)
  local parts, from = {}, 1
  for start, url, stop in text:gmatch("()(https?://[^%s<>\"]+)()") do
    local clean = url:gsub("[.,;:!?)]+$", "")
    parts[#parts + 1] = text:sub(from, start - 1)
    parts[#parts + 1] = anchor { url = clean }
    from = stop - (#url - #clean)
  end
  parts[#parts + 1] = text:sub(from)
  return prose { parts = parts }
end

return page
