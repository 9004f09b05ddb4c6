-- read_problem(key) returns the row of a problem as a table, see change_problem for its fields; an empty one if there is none.
return function(key)
  local fields, row = redis.call('HGETALL', key), {}
  for at = 1, #fields, 2 do row[fields[at]] = fields[at + 1] end
  return row
end
