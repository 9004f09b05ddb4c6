-- Repairs the queue of a target of notifications, see queue/repair-queue.
--
-- KEYS: none
-- ARGV[1]: the beginning of its keys, with the colon
-- Returns: nothing
--
-- @include queue/repair-queue
repair_queue(ARGV[1])
