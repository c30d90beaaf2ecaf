---@meta fazt.date
-- Written from fcgi/sys/module.def; do not edit.

---Moments are integer milliseconds since 1970, as everywhere. A zone is "UTC" (the default), "+02:00", a name such as "Europe/Berlin", or a rule in POSIX form such as "CET-1CEST,M3.5.0,M10.5.0/3". A name is a rule as well: that of today's law, also for other years.
---@class fazt.date
local date = {}

---The owner's zone (the setting timezone), to hand to the others: "Europe/Berlin". UTC unless it was set.
---@return string
function date.zone() end

---The moment of an ISO 8601 date or time or of one in an HTTP header (RFC 9110), or nil. zone is for a text that names none.
---@param text string
---@param zone? string
---@return integer?
function date.parse(text, zone) end

---Text by a pattern: %Y %m %d %e %H %I %M %S %L (ms) %p %a %A %b %B %j %u %V %G %z %Z %F (date) %T (time) %%.
---@param ms integer
---@param pattern string
---@param zone? string
---@return string
function date.format(ms, pattern, zone) end

---ISO 8601: "2026-11-25T17:30:00Z".
---@param ms integer
---@param zone? string
---@return string
function date.iso(ms, zone) end

---The form of HTTP headers: "Wed, 25 Nov 2026 17:30:00 GMT".
---@param ms integer
---@return string
function date.http(ms) end

---Its year month day hour min sec ms weekday (1 is Monday) yearday offset (minutes).
---@param ms integer
---@param zone? string
---@return DateParts
function date.parts(ms, zone) end

---The moment of year month day hour min sec ms; what is left out is the first. What is too large counts on: month = 13 is January.
---@param parts DateParts
---@param zone? string
---@return integer
function date.from(parts, zone) end

---Later (or earlier) by years months weeks days of the calendar in the zone, and hours minutes seconds ms of the clock. A month after the 31st is the last day of a shorter one.
---@param ms integer
---@param amounts DateAmounts
---@param zone? string
---@return integer
function date.add(ms, amounts, zone) end

---The first moment of its hour, day, week (from Monday), month or year in the zone.
---@param ms integer
---@param unit "hour"|"day"|"week"|"month"|"year"
---@param zone? string
---@return integer
function date.start_of(ms, unit, zone) end

---The ISO 8601 week of the calendar, and the year it belongs to.
---@param ms integer
---@param zone? string
---@return integer, integer
function date.week(ms, zone) end

---"3 days ago", "in 2 hours", "just now", seen from now or from `to`.
---@param ms integer
---@param to? integer
---@return string
function date.relative(ms, to) end

return date
