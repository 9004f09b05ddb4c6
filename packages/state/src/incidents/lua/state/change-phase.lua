-- change_phase(id, cluster, from, to, counts) moves an open incident to another phase: waiting, delayed or active.
-- @include redis/keys
-- @include incidents/state/phase-of
-- @include admission/books/count
return function(id, cluster, from, to, counts)
  from = phase_of(id, from)
  count(counts, from, cluster, -1)
  count(counts, to, cluster, 1)
  redis.call('HSET', keys.incident(id), 'phase', to)
end
