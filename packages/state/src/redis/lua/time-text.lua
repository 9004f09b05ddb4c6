-- time_text(ms) returns a time as RFC 3339 text in UTC. `ms` is a number or text, since the epoch.
local DAY_MS = 24 * 3600 * 1000

-- Returns year, month and day of a number of days since the epoch (H. Hinnant, days_from_civil).
local function date_of(days)
  local shifted = days + 719468
  local era = math.floor(shifted / 146097)
  local of_era = shifted - era * 146097
  local year = math.floor((of_era - math.floor(of_era / 1460) + math.floor(of_era / 36524) - math.floor(of_era / 146096)) / 365)
  local of_year = of_era - (365 * year + math.floor(year / 4) - math.floor(year / 100))
  local shifted_month = math.floor((5 * of_year + 2) / 153)
  local day = of_year - math.floor((153 * shifted_month + 2) / 5) + 1
  local month = shifted_month + (shifted_month < 10 and 3 or -9)
  return year + era * 400 + (month <= 2 and 1 or 0), month, day
end

return function(ms)
  local time = tonumber(ms)
  local days = math.floor(time / DAY_MS)
  local rest = time - days * DAY_MS
  local year, month, day = date_of(days)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, day, math.floor(rest / 3600000),
    math.floor(rest / 60000) % 60, math.floor(rest / 1000) % 60, math.floor(rest) % 1000)
end
