-- free_slots(request) returns how many slots of the request's cluster are free; without a bound, how many parked incidents one
-- call promotes.
-- @include redis/keys
return function(request)
  return request.most == 0 and 100 or request.most - redis.call('ZCARD', keys.slots(request.cluster))
end
