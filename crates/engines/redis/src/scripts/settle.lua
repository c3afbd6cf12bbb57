-- ARGV: now, holder, then five words for each end: the task, its token, how it ended, when it is due again (a result
-- or an error otherwise), and for how many seconds the end is kept. Answers with a 1 for each that was held.
local holder = ARGV[2]
local answer = {}
for at = 3, #ARGV, 5 do
    local id, token, ending, word, kept_s = unpack(ARGV, at, at + 4)
    local task = read(id)
    local held = task ~= nil and task.r == holder and task.k == token
    answer[#answer + 1] = held and 1 or 0
    if held then
        if ending == 'failed' then
            give_back(task, word, task.a)
        elseif ending == 'snoozed' then
            give_back(task, word, task.a - 1)
        elseif ending == 'returned' then
            give_back(task, task.d, task.a - 1)
        else
            stop(task)
            if task.o == '1' then call('ZREM', of(task.q, 'order:' .. task.l), id) end
            finish(task, tonumber(kept_s), 'outcome', ending, 'word', word)
            if task.l ~= '' then call_next(task.q, task.l, task.o) end
        end
    end
end
wake()
return answer
