-- fazt.page: pages of what storage.docs.find returns with a cursor. The way back is the list of cursors one came by.

local fazt = ...
local html = require "fazt.html"
local safe, url, escape, null = html.safe, html.url, html.escape, fazt.null
local error, next, tostring, type = error, next, tostring, type
local gmatch, gsub, match = string.gmatch, string.gsub, string.match
local concat, sort = table.concat, table.sort

local TRAIL = 10 -- pages one can go back before it is the first page at once

local page = {}

local function check(name, req)
  if type(req) ~= "table" or type(req.query) ~= "table" then error(name .. ": the first argument is the request", 3) end
end

function page.cursor(req)
  check("page.cursor", req)
  local after = req.query.after
  return after ~= "" and after or nil
end

local function trail_of(req)
  local trail = {}
  for cursor in gmatch(req.query.trail or "", "[^~]+") do
    if #trail < TRAIL then trail[#trail + 1] = cursor end
  end
  return trail
end

-- This page's address with other cursors; what else is in the query stays.
local function address(req, after, trail)
  local names, parts = {}, {}
  for name in next, req.query do
    if name ~= "after" and name ~= "trail" then names[#names + 1] = name end
  end
  sort(names)
  for i = 1, #names do parts[i] = url(names[i]) .. "=" .. url(req.query[names[i]]) end
  if after then parts[#parts + 1] = "after=" .. url(after) end
  if trail and #trail > 0 then parts[#parts + 1] = "trail=" .. url(concat(trail, "~")) end
  return gsub(req.path, "^/+", "/") .. (#parts > 0 and "?" .. concat(parts, "&") or "")
end

local function neighbours(req, more)
  local here, trail = page.cursor(req), trail_of(req)
  local older, newer
  if more and more ~= null then
    local way = {}
    for i = here and #trail >= TRAIL and 2 or 1, #trail do way[#way + 1] = trail[i] end
    if here then way[#way + 1] = here end
    older = address(req, more, way)
  end
  if here then
    local last = trail[#trail]
    trail[#trail] = nil
    newer = address(req, last, trail)
  end
  return newer, older
end

function page.meta(req, more)
  check("page.meta", req)
  local newer, older = neighbours(req, more)
  return { cursor = more or null, newer = newer or null, older = older or null }
end

function page.links(req, more, opts)
  check("page.links", req)
  opts = opts or {}
  local newer, older = neighbours(req, more)
  local out = {}
  if newer then out[#out + 1] = '<a rel="prev" href="' .. escape(newer).html .. '">' .. escape(opts.newer or "Newer").html .. "</a>" end
  if older then out[#out + 1] = '<a rel="next" href="' .. escape(older).html .. '">' .. escape(opts.older or "Older").html .. "</a>" end
  if #out == 0 then return safe("") end
  return safe('<nav class="pages" aria-label="' .. escape(opts.label or "Pages").html .. '">' .. concat(out, " ") .. "</nav>")
end

return page
