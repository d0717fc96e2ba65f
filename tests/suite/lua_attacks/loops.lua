--- generate: an endless loop => 1: took more than; attack.lua:1
while true do end
--- generate: an endless repeat => 1: took more than
repeat local x = 1 until false
--- generate: an endless numeric for => 1: took more than
for i = 1, math.huge do end
--- generate: a numeric for that does not move => 1: took more than
for i = 1, 2, 0.0000000000001 do end
--- generate: a for with a step of 0 => 0
for i = 1, 2, 0 do end
--- generate: a for over NaN ends => 0
for i = 0 / 0, 1 do end
--- generate: pcall around an endless loop => 1: took more than
while true do pcall(function() while true do end end) end
--- generate: pcall around an endless loop that then goes on => 1: took more than
pcall(function() while true do end end)
return { { x = 1, y = 1, z = 1 } }
--- generate: pcall in pcall in pcall => 1: took more than
local function again() while true do pcall(again) end end
while true do pcall(pcall, pcall, again) end
--- generate: xpcall with a handler that loops => 1: took more than
while true do xpcall(error, function() while true do end end, "x") end
--- generate: xpcall whose handler fails and is handled => 1: took more than
local function handler(e) error(e) end
while true do xpcall(function() while true do end end, handler) end
--- generate: a handler that calls what failed => 1: took more than
local function loop() while true do end end
while true do xpcall(loop, function() return xpcall(loop, loop) end) end
--- generate: error in a loop, caught => 1: took more than
while true do pcall(error, { }) end
--- generate: tail calls for ever => 2: attack.lua; overflow
local function f() return f() end
return f()
--- generate: two that call each other for ever, caught => 1: took more than
local f, g
function f() return pcall(g) end
function g() while true do f() end end
while true do f() end
--- generate: a coroutine that loops => 1: took more than
coroutine.wrap(function() while true do end end)()
--- generate: a coroutine that loops and is resumed => 1: took more than
while true do coroutine.resume(coroutine.create(function() while true do end end)) end
--- generate: coroutines in coroutines, each catching => 1: took more than
local function nest(n)
    if n == 0 then while true do end end
    while true do pcall(coroutine.wrap(function() nest(n - 1) end)) end
end
nest(20)
--- generate: a coroutine in coroutine as deep as it goes => 1: took more than
local function nest() return coroutine.wrap(nest)() end
while true do pcall(nest) end
--- generate: yields for ever => 1: took more than
while true do coroutine.yield() end
--- generate: yields empty lists for ever => 1: took more than
while true do coroutine.yield({}) end
--- generate: a yield inside pcall inside a loop => 1: took more than
while true do pcall(coroutine.yield) end
--- generate: yields spots and then loops => 1: took more than
coroutine.yield({ { x = 1, y = 1, z = 1 } })
while true do end
--- generate: __index that loops => 1: took more than
local t = setmetatable({}, { __index = function() while true do end end })
pcall(function() return t.x end)
return {}
--- generate: __index chain that is a circle => 2: attack.lua
local a, b = {}, {}
setmetatable(a, { __index = b })
setmetatable(b, { __index = a })
return a.x
--- generate: __newindex that calls itself => 2: attack.lua
local t = setmetatable({}, { __newindex = function(t, k, v) t[k] = v end })
t.x = 1
--- generate: __call, __concat, __eq, __lt, __len that loop => 1: took more than
local function loop() while true do end end
local m = { __call = loop, __concat = loop, __eq = loop, __lt = loop, __le = loop, __len = loop, __unm = loop, __add = loop }
local a, b = setmetatable({}, m), setmetatable({}, m)
while true do
    pcall(function() return a() end)
    pcall(function() return a .. b end)
    pcall(function() return a == b end)
    pcall(function() return a < b end)
    pcall(function() return #a end)
    pcall(function() return -a + b end)
end
--- generate: __iter that never ends => 1: took more than
for _ in setmetatable({}, { __iter = function() return function() return 1 end end }) do end
--- generate: __iter that loops => 1: took more than
for _ in setmetatable({}, { __iter = function() while true do end end }) do end
--- generate: __tostring that loops, printed => 0
print(setmetatable({}, { __tostring = function() while true do end end }))
--- generate: an error whose text loops => 1|2: attack.lua
error(setmetatable({}, { __tostring = function() while true do end end }))
--- generate: __gc is not called => 0
for _ = 1, 1000 do setmetatable({}, { __gc = function() while true do end end }) end
--- generate: __close is not called => 0
local x = setmetatable({}, { __close = function() while true do end end })
--- generate: __mode, weak keys and values => 1: took more than|more memory
local t = setmetatable({}, { __mode = "kv" })
while true do t[{}] = {} end
--- generate: an iterator that never ends => 1: took more than
for _ in function() return 1 end do end
--- generate: next on a table that grows while it is read => 1: took more than|not enough|memory
local t = { a = 1 }
for k in pairs(t) do t[k .. "x"] = 1 end
while true do for k in next, t do t[k] = nil t[k .. "y"] = 1 break end end
--- generate: gsub with a callback that loops => 1: took more than
pcall(string.gsub, "xxxx", "x", function() while true do end end)
return {}
--- generate: sort with a comparator that loops => 1: took more than
pcall(table.sort, { 3, 2, 1 }, function() while true do end end)
return {}
--- script: an endless loop while the script is loaded => 1: took more than; attack.lua:2
local n = 0
while true do n = n + 1 end
--- script: pcall around an endless loop while it is loaded => 1: took more than
while true do pcall(function() while true do end end) end
--- script: an endless loop in a required module => 1: took more than; lib/m.lua:2
local m = require("lib/m")
return { generate = function() end }
--- file lib/m.lua
local n = 0
while true do n = n + 1 end
--- script: a loop in a module's function => 1: took more than; m.lua:1
local m = require("m")
return { generate = function() m.loop() end }
--- file m.lua
return { loop = function() while true do end end }
--- profile: an endless loop while a profile is loaded => 1: took more than; attack.lua:1
while true do end
--- radial: radial that loops => 1: took more than
while true do end
--- radial: radial that loops, caught => 1: took more than
while true do pcall(function() while true do end end) end
--- radial: radial that loops at one radius => 1: took more than
while r > 1 and r < 1.05 do end
return math.exp(-r * r)
--- radial: radial of 100000 steps a call => 1: took more than
for i = 1, 100000 do end
return math.exp(-r * r)
--- intensity: intensity that loops => 1: took more than
while true do end
--- intensity: intensity that loops far out => 1: took more than
while dx * dx + dy * dy + dz * dz > 8.9 do end
return 1
--- intensity: intensity that loops only at a voxel that no one samples before => 1: took more than
while dx == 1 and dy == 1 and dz == 0 do end
return math.exp(-dx * dx - dy * dy - dz * dz)
--- intensity: the same, caught, and a number returned all the same => 1: took more than
if dx == 1 and dy == 1 and dz == 0 then pcall(function() while true do end end) return 1 end
return math.exp(-dx * dx - dy * dy - dz * dz)
--- profile: a support that loops => 1: took more than
return { support = function() while true do end end, radial = function(p, r) return 1 end }
--- profile: a support that loops, caught => 1: took more than
return { support = function() pcall(function() while true do end end) return 3 end, radial = function(p, r) return 3 - r end }
