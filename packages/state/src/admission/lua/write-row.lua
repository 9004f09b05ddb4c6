-- write_row(fault, state, batch, field, value, …) creates the row of the fault's incident. Fields that it does not write have the
-- defaults of incident-row.ts.
-- @include events/note-event
return function(fault, state, batch, ...)
  redis.call('HSET', fault.row_key, 'state', state, 'fingerprint', fault.fingerprint, 'cluster_name', fault.cluster,
    'cluster_event', fault.cluster_event, 'created_at', batch.header.now_text, 'place', fault.score, ...)
  batch.rows[fault.id] = true
  note_event('incident', { incident_id = fault.id, cluster = fault.cluster, state = state })
end
