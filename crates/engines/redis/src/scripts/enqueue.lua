-- Enqueues tasks, 15 arguments each. Answers with two words for each: what became of it, and the other task it met.
local SIZE = 15

-- Decides about the unique key, and takes it.
local function claim_key(task, until_us, ttl_ms, replaces)
    local key = base .. 'u:' .. task.u
    local taken = call('GET', key)
    local outcome, other = 'new', ''
    if taken then
        other = string.sub(taken, 1, 36)
        local ends = tonumber(string.sub(taken, 38))
        local old = read(other)
        -- A key nobody will let go, because its task is lost, is free.
        local held = (ends == 0 and old ~= nil) or ends > now
        if held and replaces == '1' and old and old.r == '' then
            take_out(old)
            finish(old, 0)
            outcome = 'replaced'
        elseif held then
            return 'kept', other
        end
    end
    call('SET', key, task.id .. ' ' .. until_us)
    if ttl_ms ~= '0' then call('PEXPIRE', key, ttl_ms) end
    return outcome, other
end

local answer = {}
for at = 2, #ARGV, SIZE do
    local id, q, p, d, t, l, n, o, x, u, h, body, until_us, ttl_ms, replaces = unpack(ARGV, at, at + SIZE - 1)
    local task = { id = id, q = q, p = p, d = d, t = t, l = l, n = n, o = o, x = x, u = u, h = h, r = '' }
    local key, outcome, other = base .. 't:' .. id, 'new', ''
    -- A client that heard no answer may have sent the same call again.
    if call('EXISTS', key) == 0 then
        if u ~= '' then outcome, other = claim_key(task, until_us, ttl_ms, replaces) end
        if outcome ~= 'kept' then
            call('HSET', key, 'q', q, 'p', p, 'd', d, 't', t, 'l', l, 'n', n, 'o', o, 'x', x, 'u', u, 'h', h,
                'b', body, 'a', 0, 'k', 0, 'r', '')
            if o == '1' then
                call('ZADD', of(q, 'order:' .. l), call('HINCRBY', of(q, 'state'), 'age', 1), id)
            end
            place(task)
        end
    end
    answer[#answer + 1] = outcome
    answer[#answer + 1] = other
end
wake()
return answer
