-- Answers with six words for each queue.
local answer = {}
for _, queue in ipairs(call('SMEMBERS', base .. 'queues')) do
    answer[#answer + 1] = queue
    local set = call('HMGET', of(queue, 'settings'), 'paused', 'per_process', 'at_most', 'rate', 'period_us')
    for nth = 1, 5 do answer[#answer + 1] = set[nth] or '' end
end
return answer
