-- ARGV: now, holder, then four words for each end: the task, its token, how it ended, and when it is due again (a result
-- or an error otherwise). Answers with a 1 for each that was held.
local holder = ARGV[2]
local answer = {}
for at = 3, #ARGV, 4 do
    local id, token, ending, word = unpack(ARGV, at, at + 3)
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
            finish_running(task, ending, word)
        end
    end
end
wake()
return answer
