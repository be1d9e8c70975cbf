-- A WebSocket proxy for nginx's Lua module that judges every client frame as wsluice does here: the header is read and
-- checked, sizes are bounded, messages are counted per second and per minute. Payloads pass as they are: nothing is
-- unmasked and UTF-8 is not checked, so this costs less than lua-resty-websocket would, which unmasks and masks anew.
-- Frames are read one by one and sent one by one, as that library does.
local byte, sub = string.byte, string.sub
local MAX_BYTES, PER_SECOND, PER_MINUTE = 1048576, 1000000, 60000000

local function payload_length(client, second)
  local length = second % 128
  if length < 126 then return length, "" end
  local raw = assert(client:receive(length == 126 and 2 or 8))
  local value = 0
  for i = 1, #raw do value = value * 256 + byte(raw, i) end
  return value, raw
end

-- A fixed window for each rate: simpler, and cheaper, than one that slides.
local function counter(limit, seconds)
  local since, count = 0, 0
  return function(now)
    if now - since >= seconds then since, count = now, 0 end
    count = count + 1
    return count <= limit
  end
end

local function judge_frames(client, upstream)
  local per_second, per_minute = counter(PER_SECOND, 1), counter(PER_MINUTE, 60)
  while true do
    local head = client:receive(2)
    if not head then return end
    local first, second = byte(head, 1, 2)
    local length, extended = payload_length(client, second)
    if second < 128 or length > MAX_BYTES or first % 128 >= 16 then return end
    local now = ngx.now()
    if first % 16 < 8 and not (per_second(now) and per_minute(now)) then return end
    local rest = client:receive(4 + length)
    if not rest or not upstream:send({ head, extended, rest }) then return end
  end
end

local function pass_on(upstream, client)
  while true do
    local data = upstream:receiveany(65536)
    if not data or not client:send(data) then return end
  end
end

local function accept_as(head)
  ngx.status = 101
  ngx.header["Upgrade"] = "websocket"
  ngx.header["Sec-WebSocket-Accept"] = head:match("[Ss]ec%-[Ww]eb[Ss]ocket%-[Aa]ccept:%s*(%S+)")
  ngx.header["Content-Type"] = nil
  assert(ngx.send_headers())
  assert(ngx.flush(true))
end

local upstream = ngx.socket.tcp()
upstream:settimeouts(5000, 3600000, 3600000)
assert(upstream:connect("127.0.0.1", tonumber(ngx.var.upstream_port)))
assert(upstream:send(ngx.req.raw_header()))
local head = assert(upstream:receiveuntil("\r\n\r\n")())
if sub(head, 1, 12) ~= "HTTP/1.1 101" then return ngx.exit(502) end
accept_as(head)
local client = assert(ngx.req.socket(true))
client:settimeouts(5000, 3600000, 3600000)
local up = ngx.thread.spawn(judge_frames, client, upstream)
local down = ngx.thread.spawn(pass_on, upstream, client)
ngx.thread.wait(up, down)
upstream:close()
ngx.exit(444)
