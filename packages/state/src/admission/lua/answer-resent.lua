-- answer_resent(fault, batch) returns the answer to a call that was answered before, nil for a new one.
-- @include redis/decode
-- @include admission/books/count

-- The kinds of answers that are remembered.
local KINDS = { queued = true, resent = true, deduplicated = 'number', grouped = 'number', rejected = 'string', dropped_incoming = 'string' }

-- A damaged answer is none: that the call was answered is known by its key.
local function is_answer(answer)
  local third = answer and KINDS[answer[1]]
  return third and type(answer[2]) == 'string' and (third == true or type(answer[3]) == third)
end

return function(fault, batch)
  local answered = batch.answers[fault.id]
  if not answered and not batch.rows[fault.id] then return nil end
  count(batch.counts, 'resent', fault.cluster, 1)
  if answered then
    local answer = decode(answered)
    return is_answer(answer) and answer or { 'resent', fault.id }
  end
  local row = redis.call('HMGET', fault.row_key, 'state', 'bound')
  local state, bound = row[1], row[2]
  if bound == 'cluster' or bound == 'global' then return { state == 'rejected' and 'rejected' or 'dropped_incoming', fault.id, bound } end
  return { 'resent', fault.id }
end
