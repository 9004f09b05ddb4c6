-- count_received(counts, outcome, cluster) counts a received fault together with its outcome, so that the books always balance.
-- @include admission/books/count
return function(counts, outcome, cluster)
  count(counts, 'received', cluster, 1)
  count(counts, outcome, cluster, 1)
end
