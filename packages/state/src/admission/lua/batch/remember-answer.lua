-- remember_answer(id, answer, batch) remembers the answer to a call, so that the same call sent again counts once. It is needed
-- where the call leaves no row, or one that may soon be deleted, because a storm sheds thousands of others.
-- @include redis/append
return function(id, answer, batch)
  local text = cjson.encode(answer)
  batch.answers[id] = text
  append(batch.remembered.calls, batch.header.now_ms, id)
  append(batch.remembered.answers, id, text)
end
