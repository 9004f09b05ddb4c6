-- append(list, one, other) appends two values to a list, such as a field and its value.
return function(list, one, other)
  list[#list + 1], list[#list + 2] = one, other
end
