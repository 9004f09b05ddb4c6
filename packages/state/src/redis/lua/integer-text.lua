-- integer_text(number) returns an integer as text: Redis is slow at converting numbers that a script passes to it.
return function(number)
  return string.format('%d', number)
end
