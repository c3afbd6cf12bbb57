-- One request under KEYS[1], by the generic cell rate algorithm (ITU-T I.371, annex A), as kernel::Quota::take does it.
-- ARGV: microseconds between requests that come evenly; how many may come at once.
-- Answers: allowed, remaining, microseconds to wait, microseconds until the burst is whole.
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local whole = interval * burst
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local arrival = tonumber(redis.call('GET', KEYS[1]) or now)
arrival = math.min(math.max(arrival, now), now + whole)
local following = arrival + interval
local early = following - whole - now
if early > 0 then
    return { 0, 0, early, arrival - now }
end
-- Numbers are doubles: written out, or they would be rounded to fourteen digits.
redis.call('SET', KEYS[1], string.format('%.0f', following), 'PX', math.ceil((following - now) / 1000))
return { 1, math.floor((whole - (following - now)) / interval), 0, following - now }
