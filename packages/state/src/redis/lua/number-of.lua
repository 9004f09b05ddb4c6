-- number_of(value, default) returns a value as a number, the default if it is none. NaN is none.
return function(value, default)
  local number = tonumber(value)
  if not number or number ~= number then return default end
  return number
end
