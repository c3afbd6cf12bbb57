-- ARGV: now, holder, its name, queues. A count of beats is never used twice, so that a holder who joins anew cannot be
-- taken for the one that stood still.
if call('HEXISTS', base .. 'holders', ARGV[2]) == 0 then
    call('HSET', base .. 'holders', ARGV[2], call('INCR', base .. 'beats'))
end
call('HSET', base .. 'names', ARGV[2], ARGV[3])
for nth = 4, #ARGV do call('SADD', base .. 'queues', ARGV[nth]) end
return 1
