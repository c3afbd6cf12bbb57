-- ARGV: now, holder, queues. A count of beats is never used twice, so that a holder who joins anew cannot be
-- taken for the one that stood still.
if call('HEXISTS', base .. 'holders', ARGV[2]) == 0 then
    call('HSET', base .. 'holders', ARGV[2], call('INCR', base .. 'beats'))
end
for nth = 3, #ARGV do call('SADD', base .. 'queues', ARGV[nth]) end
return 1
