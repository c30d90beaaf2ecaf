-- fazt.date: moments are integer milliseconds since 1970; a zone is "UTC", "+02:00", a name such as "Europe/Berlin", or a
-- rule such as "CET-1CEST,M3.5.0,M10.5.0/3" (POSIX), which is what a name stands for.

local fazt, native = ...
local zone_rule, owners_zone = native.zone_rule, native.zone or "UTC"
local now = fazt.now
local error, next, tonumber, type = error, next, tonumber, type
local find, format, gsub, lower, match, sub = string.find, string.format, string.gsub, string.lower, string.match, string.sub
local math_type = math.type

local DAY, HOUR, MINUTE = 86400000, 3600000, 60000
local LEAST, MOST = -62135596800000, 253402300799999 -- the years 1 to 9999
local MONTHS = { "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December" }
local DAYS = { "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday" }

local date = {}

-- ---- the calendar: days since 1970 ⇄ year, month, day (proleptic Gregorian) ----

local function days_of(y, m, d)
  if m <= 2 then y = y - 1 end
  local era = y // 400
  local of_era = y - era * 400
  local of_year = (153 * (m + (m > 2 and -3 or 9)) + 2) // 5 + d - 1
  return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468
end

local function civil(days)
  days = days + 719468
  local era = days // 146097
  local of_era = days - era * 146097
  local y = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
  local of_year = of_era - (365 * y + y // 4 - y // 100)
  local month = (5 * of_year + 2) // 153
  local m = month + (month < 10 and 3 or -9)
  return y + era * 400 + (m <= 2 and 1 or 0), m, of_year - (153 * month + 2) // 5 + 1
end

local function month_days(y, m)
  if m == 12 then return 31 end
  return days_of(y, m + 1, 1) - days_of(y, m, 1)
end

local function weekday(days) return (days + 3) % 7 + 1 end -- 1 is Monday

-- ---- zones ----

local function clock(text)
  local sign, h, m, s = match(text, "^([+-]?)(%d%d?%d?):?(%d*):?(%d*)$")
  if not h then return nil end
  local ms = tonumber(h) * HOUR + (tonumber(m) or 0) * MINUTE + (tonumber(s) or 0) * 1000
  return sign == "-" and -ms or ms
end

-- M month . week . weekday / time: when in a year, in days and milliseconds of local time.
local function rule(text)
  local m, w, d, rest = match(text, "^M(%d+)%.(%d)%.(%d)(.*)$")
  local at = rest == "" and 2 * HOUR or rest and sub(rest, 1, 1) == "/" and clock(sub(rest, 2))
  m, w, d = tonumber(m), tonumber(w), tonumber(d)
  if not at or m < 1 or m > 12 or w < 1 or w > 5 or d > 6 then return nil end
  return { month = m, week = w, day = d == 0 and 7 or d, at = at }
end

local function rule_ms(r, year)
  local first = days_of(year, r.month, 1)
  local day = first + (r.day - weekday(first)) % 7 + (r.week - 1) * 7
  if day >= first + month_days(year, r.month) then day = day - 7 end
  return day * DAY + r.at
end

-- POSIX says how far a zone is west of Greenwich.
local function posix(text)
  local name, std, rest = match(text, "^(%a+)([+-]?%d[%d:]*)(.*)$")
  if not name then name, std, rest = match(text, "^(<[%w+-]+>)([+-]?%d[%d:]*)(.*)$") end
  local offset = std and clock(std)
  if not offset then return nil end
  if rest == "" then return { std = -offset } end
  local summer, dst, from, to = match(rest, "^(<?[%a%d+-]-%a*>?)([+-]?%d*:?%d*),(M[%d./:+-]+),(M[%d./:+-]+)$")
  local zone = summer and { std = -offset, dst = dst == "" and HOUR - offset or -(clock(dst) or 0), from = rule(from), to = rule(to) }
  return zone and zone.from and zone.to and zone or nil
end

local zones = { UTC = { std = 0 }, Z = { std = 0 }, GMT = { std = 0 } }

local function read_zone(text)
  local sign, h, m = match(text, "^([+-])(%d%d):?(%d%d)$")
  if not sign then return posix(text) end
  if tonumber(h) > 23 or tonumber(m) > 59 then return nil end
  local ms = tonumber(h) * HOUR + tonumber(m) * MINUTE
  return { std = sign == "-" and -ms or ms }
end

local function named(name)
  local rule = zone_rule(name)
  return rule and posix(rule)
end

local function zone_of(zone, level)
  if zone == nil then return zones.UTC end
  if type(zone) ~= "string" then error("a zone is text, not a " .. type(zone), level + 1) end
  local z = zones[zone] or #zone <= 100 and (read_zone(zone) or named(zone))
  if not z then
    local _, names = zone_rule(zone)
    error('there is no zone "' .. sub(zone, 1, 60) .. '"; write "UTC", "+02:00", ' .. (names and 'a name such as "Europe/Berlin" ' or "")
      .. 'or a rule such as "CET-1CEST,M3.5.0,M10.5.0/3"' .. (names and "" or "; this Fazt was built without names of zones"), level + 1)
  end
  zones[zone] = z
  return z
end

local function offset_at(zone, ms)
  if not zone.dst then return zone.std end
  local year = civil((ms + zone.std) // DAY)
  local from, to = rule_ms(zone.from, year) - zone.std, rule_ms(zone.to, year) - zone.dst
  local summer
  if from < to then summer = ms >= from and ms < to else summer = ms >= from or ms < to end
  return summer and zone.dst or zone.std
end

-- Local milliseconds as a moment. An hour that is there twice is its first time; one that is left out counts on.
local function to_utc(zone, wall)
  if not zone.dst then return wall - zone.std end
  local early, late = zone.std, zone.dst
  if early < late then early, late = late, early end
  if offset_at(zone, wall - early) == early then return wall - early end
  return wall - late
end

-- ---- parts ----

local function moment(ms, name, level)
  if math_type(ms) ~= "integer" or ms < LEAST or ms > MOST then
    error(name .. ": a moment is whole milliseconds since 1970, in the years 1 to 9999", level + 1)
  end
  return ms
end

local function iso_week(days)
  local thursday = days - weekday(days) + 4
  local year = civil(thursday)
  return (thursday - days_of(year, 1, 1)) // 7 + 1, year
end

local function split(ms, zone)
  local offset = offset_at(zone, ms)
  local wall = ms + offset
  local days = wall // DAY
  local y, m, d = civil(days)
  local t = wall - days * DAY
  return { year = y, month = m, day = d, hour = t // HOUR, min = t // MINUTE % 60, sec = t // 1000 % 60, ms = t % 1000,
    weekday = weekday(days), yearday = days - days_of(y, 1, 1) + 1, offset = offset // MINUTE }, days
end

function date.zone() return owners_zone end

function date.parts(ms, zone)
  return (split(moment(ms, "date.parts", 2), zone_of(zone, 2)))
end

function date.week(ms, zone)
  local _, days = split(moment(ms, "date.week", 2), zone_of(zone, 2))
  return iso_week(days)
end

local function join(p, zone)
  local months = p.year * 12 + (p.month or 1) - 1
  local y, m = months // 12, months % 12 + 1
  local wall = (days_of(y, m, 1) + (p.day or 1) - 1) * DAY + (p.hour or 0) * HOUR + (p.min or 0) * MINUTE + (p.sec or 0) * 1000 + (p.ms or 0)
  return to_utc(zone, wall)
end

local FIELDS = { "year", "month", "day", "hour", "min", "sec", "ms" }

local function whole_fields(p, name)
  if type(p) ~= "table" then error(name .. ": give a table such as { year = 2026, month = 11, day = 25 }", 3) end
  for i = 1, #FIELDS do
    local v = p[FIELDS[i]]
    if v ~= nil and (math_type(v) ~= "integer" or v > 1e9 or v < -1e9) then error(name .. ": " .. FIELDS[i] .. " must be a whole number", 3) end
  end
end

function date.from(parts, zone)
  whole_fields(parts, "date.from")
  if not parts.year then error("date.from: year is missing", 2) end
  return moment(join(parts, zone_of(zone, 2)), "date.from", 2)
end

-- ---- text ----

local function names_of(list)
  local to = {}
  for i = 1, #list do to[lower(sub(list[i], 1, 3))] = i end
  return to
end
local MONTH_BY = names_of(MONTHS)

local function valid(y, m, d, h, min, s)
  return m >= 1 and m <= 12 and d >= 1 and d <= month_days(y, m) and h < 24 and min < 60 and s <= 60 and y >= 1
end

local function parse_iso(text, zone)
  local y, m, d, rest = match(text, "^(%d%d%d%d)-(%d%d)-(%d%d)(.*)$")
  if not y then return nil end
  y, m, d = tonumber(y), tonumber(m), tonumber(d)
  local h, min, s, fraction, offset = 0, 0, 0, "", ""
  if rest ~= "" then
    local hh, mm, more = match(rest, "^[Tt ](%d%d):(%d%d)(.*)$")
    if not hh then return nil end
    local ss, after = match(more, "^:(%d%d)(.*)$")
    local digits, last = match(after or more, "^[.,](%d+)(.*)$")
    if digits and not ss then return nil end
    h, min, s, fraction, offset = tonumber(hh), tonumber(mm), tonumber(ss or 0), digits or "", last or after or more
  end
  if not valid(y, m, d, h, min, s) then return nil end
  local wall = days_of(y, m, d) * DAY + h * HOUR + min * MINUTE + s * 1000 + tonumber(sub(fraction .. "000", 1, 3))
  if offset == "" then return to_utc(zone, wall) end
  local z = lower(offset) == "z" and zones.UTC or read_zone(match(offset, "^[+-]%d%d$") and offset .. ":00" or offset)
  if not z or not match(offset, "^[Zz+-]") then return nil end
  return wall - z.std
end

local HTTP = { -- RFC 9110 §5.6.7, of which servers read all three
  "^%a%a%a, (%d%d) (%a%a%a) (%d%d%d%d) (%d%d):(%d%d):(%d%d) GMT$",
  "^%a+day, (%d%d)-(%a%a%a)-(%d%d) (%d%d):(%d%d):(%d%d) GMT$",
}

local function parse_http(text)
  local d, name, y, h, min, s = match(text, HTTP[1])
  if not d then d, name, y, h, min, s = match(text, HTTP[2]) end
  if not d then
    name, d, h, min, s, y = match(text, "^%a%a%a (%a%a%a) ([ %d]%d) (%d%d):(%d%d):(%d%d) (%d%d%d%d)$")
  end
  local m = d and MONTH_BY[lower(name)]
  if not m then return nil end
  d, y, h, min, s = tonumber(d), tonumber(y), tonumber(h), tonumber(min), tonumber(s)
  if y < 100 then y = y + (y < 70 and 2000 or 1900) end
  if not valid(y, m, d, h, min, s) then return nil end
  return days_of(y, m, d) * DAY + h * HOUR + min * MINUTE + s * 1000
end

function date.parse(text, zone)
  if type(text) ~= "string" then error("date.parse: text must be a string, not a " .. type(text), 2) end
  local z = zone_of(zone, 2)
  if #text > 100 then return nil end
  text = match(text, "^%s*(.-)%s*$")
  local ms = parse_iso(text, z) or parse_http(text)
  return ms and ms >= LEAST and ms <= MOST and ms or nil
end

local function offset_text(minutes, colon)
  local sign = minutes < 0 and "-" or "+"
  if minutes < 0 then minutes = -minutes end
  return format("%s%02d%s%02d", sign, minutes // 60, colon, minutes % 60)
end

local letters = {
  Y = function(p) return format("%04d", p.year) end, m = function(p) return format("%02d", p.month) end,
  d = function(p) return format("%02d", p.day) end, e = function(p) return format("%d", p.day) end,
  H = function(p) return format("%02d", p.hour) end, M = function(p) return format("%02d", p.min) end,
  S = function(p) return format("%02d", p.sec) end, L = function(p) return format("%03d", p.ms) end,
  I = function(p) return format("%02d", (p.hour + 11) % 12 + 1) end, p = function(p) return p.hour < 12 and "AM" or "PM" end,
  a = function(p) return sub(DAYS[p.weekday], 1, 3) end, A = function(p) return DAYS[p.weekday] end,
  b = function(p) return sub(MONTHS[p.month], 1, 3) end, B = function(p) return MONTHS[p.month] end,
  j = function(p) return format("%03d", p.yearday) end, u = function(p) return format("%d", p.weekday) end,
  V = function(p, days) return format("%02d", (iso_week(days))) end,
  G = function(_, days) local _, year = iso_week(days) return format("%04d", year) end,
  z = function(p) return offset_text(p.offset, "") end, Z = function(p) return p.offset == 0 and "Z" or offset_text(p.offset, ":") end,
  F = function(p) return format("%04d-%02d-%02d", p.year, p.month, p.day) end,
  T = function(p) return format("%02d:%02d:%02d", p.hour, p.min, p.sec) end,
  ["%"] = function() return "%" end,
}

local function write(ms, pattern, zone, level)
  local p, days = split(ms, zone)
  local bad = match(pattern, "%%([^YmdeHMSLIpaAbBjuVGzZFT%%])") or match(gsub(pattern, "%%%%", ""), "%%$")
  if bad then error("date.format: there is no %" .. bad .. "; there are Y m d e H M S L I p a A b B j u V G z Z F T", level + 1) end
  local text = gsub(pattern, "%%(.)", function(c) return letters[c](p, days) end)
  return text
end

function date.format(ms, pattern, zone)
  moment(ms, "date.format", 2)
  if type(pattern) ~= "string" or #pattern > 256 then error("date.format: pattern must be a string of at most 256 bytes", 2) end
  return write(ms, pattern, zone_of(zone, 2), 2)
end

function date.iso(ms, zone)
  moment(ms, "date.iso", 2)
  return write(ms, ms % 1000 == 0 and "%FT%T%Z" or "%FT%T.%L%Z", zone_of(zone, 2), 2)
end

function date.http(ms)
  return write(moment(ms, "date.http", 2), "%a, %d %b %Y %T GMT", zones.UTC, 2)
end

-- ---- reckoning ----

local UNITS = { years = "year", months = "month", weeks = "week", days = "day", hours = "hour", minutes = "min", seconds = "sec", ms = "ms" }

-- Years and months first, the day kept inside the month; then days by the calendar, then hours by the clock.
function date.add(ms, amounts, zone)
  moment(ms, "date.add", 2)
  if type(amounts) ~= "table" then error("date.add: give a table such as { days = 1 }", 2) end
  for unit, n in next, amounts do
    if not UNITS[unit] then error('date.add: there is no unit "' .. unit .. '"; there are years months weeks days hours minutes seconds ms', 2) end
    if math_type(n) ~= "integer" or n > 1e12 or n < -1e12 then error("date.add: " .. unit .. " must be a whole number", 2) end
  end
  local z = zone_of(zone, 2)
  local years, months, days = amounts.years or 0, amounts.months or 0, (amounts.weeks or 0) * 7 + (amounts.days or 0)
  if years ~= 0 or months ~= 0 or days ~= 0 then
    local p = split(ms, z)
    local whole = (p.year + years) * 12 + p.month - 1 + months
    p.year, p.month = whole // 12, whole % 12 + 1
    local last = month_days(p.year, p.month)
    if p.day > last then p.day = last end
    p.day = p.day + days
    ms = join(p, z)
  end
  ms = ms + (amounts.hours or 0) * HOUR + (amounts.minutes or 0) * MINUTE + (amounts.seconds or 0) * 1000 + (amounts.ms or 0)
  return moment(ms, "date.add", 2)
end

function date.start_of(ms, unit, zone)
  local z = zone_of(zone, 2)
  local p = split(moment(ms, "date.start_of", 2), z)
  if unit == "hour" then return join({ year = p.year, month = p.month, day = p.day, hour = p.hour }, z) end
  if unit == "day" then return join({ year = p.year, month = p.month, day = p.day }, z) end
  if unit == "week" then return join({ year = p.year, month = p.month, day = p.day - p.weekday + 1 }, z) end
  if unit == "month" then return join({ year = p.year, month = p.month }, z) end
  if unit == "year" then return join({ year = p.year }, z) end
  error("date.start_of: unit must be hour, day, week, month or year", 2)
end

local STEPS = { { 365 * DAY, "year" }, { 30 * DAY, "month" }, { 7 * DAY, "week" }, { DAY, "day" }, { HOUR, "hour" }, { MINUTE, "minute" } }

function date.relative(ms, to)
  local away = moment(ms, "date.relative", 2) - moment(to or now(), "date.relative", 2)
  local size = away < 0 and -away or away
  for i = 1, #STEPS do
    local n = size // STEPS[i][1]
    if n > 0 then
      local words = n .. " " .. STEPS[i][2] .. (n > 1 and "s" or "")
      return away < 0 and words .. " ago" or "in " .. words
    end
  end
  return "just now"
end

return date
