-- decode(text) returns the object or list of a JSON text as a table, nil if it holds none.
return function(text)
  if type(text) ~= 'string' then return nil end
  local decoded, value = pcall(cjson.decode, text)
  return decoded and type(value) == 'table' and value or nil
end
