--- generate: a list without end => 1: more memory than|took more than
local t = {}
for i = 1, 1e12 do t[i] = i end
--- generate: tables in tables => 1: more memory than|took more than
local t = {}
while true do t = { t } end
--- generate: tables in tables, caught => 1: more memory than|took more than
local t = {}
while true do pcall(function() while true do t = { t, t } end end) end
--- generate: closures => 1: more memory than|took more than
local t = {}
while true do t[#t + 1] = function() return t end end
--- generate: coroutines => 1: more memory than|took more than
local t = {}
while true do t[#t + 1] = coroutine.create(function() end) end
--- generate: coroutines that have begun => 1|2: more memory than|took more than|attack.lua
local t = {}
while true do
    local c = coroutine.wrap(function() local x = { unpack(table.create(200, 1)) } coroutine.yield() return x end)
    c()
    t[#t + 1] = c
end
--- generate: many small texts => 1: more memory than|took more than
local t = {}
while true do t[#t .. "x"] = #t .. "y" t[#t + 1] = true end
--- generate: memory is full, caught, and filled again => 1: more memory than
while true do pcall(function() local t = {} while true do t[#t + 1] = ("x"):rep(1000) .. #t end end) end
--- generate: memory is full, caught with a handler that wants more => 1: more memory than|took more than
while true do
    xpcall(function() local t = {} while true do t = { t, ("x"):rep(1e5) .. tostring(#t) } end end, function() return ("x"):rep(5e7) end)
end
--- generate: memory is full in a coroutine => 1: more memory than
local c = coroutine.create(function() local t = {} while true do t = { t, table.create(1000, 1) } end end)
coroutine.resume(c)
return {}
--- generate: memory is full, caught, and spots are returned => 1: more memory than
pcall(function() local s = "x" while true do s = s .. s end end)
return { { x = 1, y = 1, z = 1 } }
--- generate: recursion without end => 1|2: attack.lua
local function f() return 1 + f() end
f()
--- generate: recursion without end, caught => 1: took more than|more memory
local function f() return 1 + f() end
while true do pcall(f) end
--- generate: recursion with big frames => 1|2: attack.lua
local function f(...) local t = { ... } return 1 + f(unpack(t)) end
f(unpack(table.create(200, 1)))
--- generate: recursion through pcall => 1|2|0: 
local function f() return pcall(f) end
f()
--- generate: recursion through xpcall and its handler => 0|1|2: 
local function f() return xpcall(f, f) end
f()
--- generate: recursion through gsub => 0|1|2: 
local function f() return (("x"):gsub("x", f)) end
f()
--- generate: recursion through sort => 0|1|2: 
local function f() table.sort({ 2, 1 }, f) return false end
f()
--- generate: recursion through metamethods => 0|1|2: 
local m = {}
m.__index = function(t, k) return setmetatable({}, m)[k] end
m.__concat = function(a, b) return setmetatable({}, m) .. b end
m.__eq = function(a, b) return setmetatable({}, m) == setmetatable({}, m) end
m.__lt = function(a, b) return setmetatable({}, m) < setmetatable({}, m) end
m.__call = function(t) return setmetatable({}, m)() end
local t = setmetatable({}, m)
pcall(function() return t .. "x" end)
pcall(function() return t == setmetatable({}, m) end)
pcall(function() return t < setmetatable({}, m) end)
pcall(function() return t() end)
return t.x
--- generate: recursion through tostring => 0|1|2: 
local m = {}
m.__tostring = function(t) return tostring(setmetatable({}, m)) end
print(setmetatable({}, m))
--- generate: a chain of __call => 0|1|2: 
local t = {}
for _ = 1, 1e5 do t = setmetatable({}, { __call = t }) end
t()
--- generate: a chain of __index as long as it gets => 0|1|2: 
local t = {}
for _ = 1, 50000 do t = setmetatable({}, { __index = t }) end
local x = t.x
--- generate: a userdata is not to be had => 0
assert(newproxy == nil and buffer == nil and vector == nil)
--- generate: columns of very many => 1: more spots
local x = table.create(9e5, 1)
return { x = x, y = x, z = x }
--- generate: emit without end => 1: took more than|more spots
while true do scene.emit(1, 1, 1) end
--- generate: emit without end, caught => 1: took more than|more spots
while true do pcall(scene.emit, 1, 1, 1) end
--- generate: rng lists of very many => 1: more memory|took more than
scene.rng:uniform(0, 1, 5e7)
--- generate: rng points of very many => 1: more memory|took more than
scene.rng:point(5e7)
--- generate: rng lists in a loop => 1: more memory|took more than
while true do scene.rng:normal(0, 1, 1e5) end
--- generate: rng choice of very many => 1: more memory|took more than
scene.rng:choice({ 1, 2 }, 5e7)
--- generate: rng streams without end => 1: more memory|took more than
local t = {}
while true do t[#t + 1] = scene.rng:stream(#t) end
--- radial: a profile that fills memory => 1: more memory|took more than
local t = {}
while true do t = { t, ("x"):rep(1e5) .. tostring(t) } end
--- intensity: a profile that fills memory, caught => 1: more memory|took more than
pcall(function() local s = "x" while true do s = s .. s end end)
return 1
--- script: memory is full while the script is loaded => 1: more memory|took more than
local s = "x"
while true do s = s .. s end
--- script: memory is full while a module is loaded => 1: more memory|took more than
require("m")
--- file m.lua
local s = "x"
while true do s = s .. s end
