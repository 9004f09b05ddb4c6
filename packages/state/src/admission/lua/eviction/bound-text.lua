-- bound_text(bound, cluster, header) returns the setting that bounds the queue, with its value, for a reason.
return function(bound, cluster, header)
  if bound == 'global' then return 'global_queue_size: ' .. header.global_queue_size end
  return 'cluster_queue_size: ' .. header.cluster_queue_size .. ', cluster ' .. cluster
end
