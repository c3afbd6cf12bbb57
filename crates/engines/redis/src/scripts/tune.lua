-- ARGV: now, queue, and its five settings; an empty one is not set.
local names = { 'paused', 'per_process', 'at_most', 'rate', 'period_us' }
call('SADD', base .. 'queues', ARGV[2])
for nth, name in ipairs(names) do
    if ARGV[nth + 2] == '' then
        call('HDEL', of(ARGV[2], 'settings'), name)
    else
        call('HSET', of(ARGV[2], 'settings'), name, ARGV[nth + 2])
    end
end
woken = true
wake()
return 1
