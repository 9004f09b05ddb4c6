-- answer_resent(fault, batch) returns the answer to a call that was answered before, nil for a new one.
-- @include admission/books/count
return function(fault, batch)
  local answered = batch.answers[fault.id]
  if not answered and not batch.rows[fault.id] then return nil end
  count(batch.counts, 'resent', fault.cluster, 1)
  if answered then return cjson.decode(answered) end
  local row = redis.call('HMGET', fault.row_key, 'state', 'bound')
  local state, bound = row[1], row[2]
  if bound then return { state == 'rejected' and 'rejected' or 'dropped_incoming', fault.id, bound } end
  return { 'resent', fault.id }
end
