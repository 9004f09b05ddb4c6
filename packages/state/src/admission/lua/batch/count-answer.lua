-- count_answer(fault, answer, batch) counts a received fault by the kind of its answer, remembers the answer, and returns it.
-- @include admission/books/count-received
-- @include admission/batch/remember-answer
return function(fault, answer, batch)
  count_received(batch.counts, answer[1], fault.cluster, 1)
  remember_answer(fault.id, answer, batch)
  return answer
end
