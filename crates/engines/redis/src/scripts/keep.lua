-- ARGV: now, holder, then two words for each claim it knows of: the task and its token. Answers with how many tasks it
-- held besides; they went back, and that was no attempt.
local known = {}
for at = 3, #ARGV, 2 do known[ARGV[at]] = ARGV[at + 1] end
local count = 0
for _, id in ipairs(call('SMEMBERS', base .. 'held:' .. ARGV[2])) do
    local task = read(id)
    if task and known[id] ~= task.k then
        give_back(task, task.d, task.a - 1)
        count = count + 1
    end
end
wake()
return count
