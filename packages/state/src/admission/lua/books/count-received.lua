-- count_received(counts, outcome, cluster, by) counts received faults together with their outcome, so that the books always
-- balance.
-- @include admission/books/count
return function(counts, outcome, cluster, by)
  count(counts, 'received', cluster, by)
  count(counts, outcome, cluster, by)
end
