-- write_counts(counts) adds the increments to the books, one hash, so that a reader sees one instant.
-- @include redis/keys
-- @include redis/integer-text
-- @include redis/number-of
-- @include redis/write-fields
return function(counts)
  local names, increments, totals = {}, {}, {}
  local function add(name, by)
    names[#names + 1], increments[#increments + 1] = name, by
  end
  for cluster, entries in pairs(counts) do
    for name, by in pairs(entries) do
      totals[name] = (totals[name] or 0) + by
      add(name .. ':' .. cluster, by)
    end
  end
  for name, by in pairs(totals) do add(name, by) end
  if #names == 0 then return end

  local fields = {}
  for at, before in ipairs(redis.call('HMGET', keys.intake, unpack(names))) do
    fields[2 * at - 1], fields[2 * at] = names[at], integer_text(number_of(before, 0) + increments[at])
  end
  write_fields(keys.intake, fields)
end
